ALTER TABLE "durachart"."events" ADD COLUMN "correlation" text;--> statement-breakpoint
ALTER TABLE "durachart"."events" ADD COLUMN "unsettles" boolean;--> statement-breakpoint
ALTER TABLE "durachart"."subscriptions" ADD COLUMN "fixed" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "events_unsettling" ON "durachart"."events" USING btree ("instance_id") WHERE status = 'pending' and unsettles;