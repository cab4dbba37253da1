CREATE TABLE "durachart"."audit" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"target" text NOT NULL,
	"target_id" text NOT NULL,
	"operation" text NOT NULL,
	"arguments" json,
	"by" text NOT NULL,
	"why" text,
	"key" text,
	"event_id" bigint,
	"status" text NOT NULL,
	"code" text,
	"reason" text,
	"before" json,
	"after" json,
	"result" json,
	"requested_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "durachart"."pauses" (
	"target" text NOT NULL,
	"name" text NOT NULL,
	"by" text NOT NULL,
	"why" text,
	"since" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "pauses_target_name_pk" PRIMARY KEY("target","name")
);
--> statement-breakpoint
ALTER TABLE "durachart"."instances" ADD COLUMN "start_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "durachart"."transitions" ADD COLUMN "timers" json;--> statement-breakpoint
CREATE INDEX "audit_target" ON "durachart"."audit" USING btree ("target","target_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "audit_event" ON "durachart"."audit" USING btree ("event_id") WHERE event_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "audit_key" ON "durachart"."audit" USING btree ("target","target_id","key") WHERE key is not null;