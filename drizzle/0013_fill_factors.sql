-- Room on the page for all rows of it that one statement updates: those that stay are logged as what differs, and write no index.
ALTER TABLE "durachart"."instances" SET (fillfactor = 65);--> statement-breakpoint
ALTER TABLE "durachart"."steps" SET (fillfactor = 45);
