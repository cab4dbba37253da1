CREATE TABLE "durachart"."schedules" (
	"id" text PRIMARY KEY NOT NULL,
	"workflow" text NOT NULL,
	"name" text NOT NULL,
	"cron" text NOT NULL,
	"timezone" text NOT NULL,
	"jitter" integer NOT NULL,
	"missed" text NOT NULL,
	"overlap" text NOT NULL,
	"tick" timestamp (3) with time zone,
	"due_at" timestamp (3) with time zone,
	"last_tick" timestamp (3) with time zone,
	"outcome" text,
	"message" text,
	"active" text[] DEFAULT '{}' NOT NULL,
	"started" integer DEFAULT 0 NOT NULL,
	"skipped" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE INDEX "schedules_due" ON "durachart"."schedules" USING btree ("due_at");