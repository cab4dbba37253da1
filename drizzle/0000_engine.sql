CREATE SCHEMA IF NOT EXISTS "durachart";
--> statement-breakpoint
CREATE TABLE "durachart"."events" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"instance_id" text NOT NULL,
	"type" text NOT NULL,
	"payload" json,
	"source" text NOT NULL,
	"fence" text,
	"dedupe_key" text,
	"status" text DEFAULT 'pending' NOT NULL,
	"sequence" integer,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "durachart"."instances" (
	"id" text PRIMARY KEY NOT NULL,
	"workflow" text NOT NULL,
	"version" text NOT NULL,
	"tenant" text,
	"tags" text[] DEFAULT '{}' NOT NULL,
	"priority" smallint DEFAULT 5 NOT NULL,
	"key" text,
	"parent_id" text,
	"parent_key" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"input" json,
	"snapshot" json,
	"output" json,
	"error" json,
	"error_code" text,
	"status" text NOT NULL,
	"state" text NOT NULL,
	"sequence" integer NOT NULL,
	"live" json NOT NULL,
	"lease" integer,
	"wake" integer DEFAULT 0 NOT NULL,
	"wake_at" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "durachart"."steps" (
	"instance_id" text NOT NULL,
	"key" text NOT NULL,
	"kind" text NOT NULL,
	"step" text NOT NULL,
	"status" text NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"max_attempts" integer NOT NULL,
	"lost" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp (3) with time zone,
	"input" json,
	"output" json,
	"error" json,
	"error_code" text,
	"attempts" json,
	"logs" json,
	"progress" real,
	"message" text,
	"queue" text,
	"worker" integer,
	"child_id" text,
	"queued_at" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone,
	"heartbeat_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "steps_instance_id_key_pk" PRIMARY KEY("instance_id","key")
);
--> statement-breakpoint
CREATE TABLE "durachart"."timers" (
	"instance_id" text NOT NULL,
	"id" text NOT NULL,
	"event" json NOT NULL,
	"recipient" text NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"sequence" integer NOT NULL,
	CONSTRAINT "timers_instance_id_id_pk" PRIMARY KEY("instance_id","id")
);
--> statement-breakpoint
CREATE TABLE "durachart"."transitions" (
	"instance_id" text NOT NULL,
	"sequence" integer NOT NULL,
	"event" text NOT NULL,
	"payload" json,
	"step_key" text,
	"from_state" text,
	"to_state" text NOT NULL,
	"diff" json NOT NULL,
	"emitted" json,
	"at" timestamp (3) with time zone NOT NULL,
	"xid" bigint DEFAULT (pg_current_xact_id()::text)::bigint NOT NULL,
	CONSTRAINT "transitions_instance_id_sequence_pk" PRIMARY KEY("instance_id","sequence")
);
--> statement-breakpoint
CREATE TABLE "durachart"."workers" (
	"id" serial PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"workflows" text[] NOT NULL,
	"locked" boolean NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"beat_at" timestamp (3) with time zone NOT NULL,
	"stopped_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE INDEX "events_pending" ON "durachart"."events" USING btree ("instance_id","id") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "events_instance" ON "durachart"."events" USING btree ("instance_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "events_dedupe" ON "durachart"."events" USING btree ("instance_id","dedupe_key") WHERE dedupe_key is not null;--> statement-breakpoint
CREATE INDEX "instances_wake" ON "durachart"."instances" USING btree ("priority","wake_at") WHERE lease is null and wake_at is not null;--> statement-breakpoint
CREATE INDEX "instances_lease" ON "durachart"."instances" USING btree ("lease") WHERE lease is not null;--> statement-breakpoint
CREATE INDEX "instances_created" ON "durachart"."instances" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "instances_parent" ON "durachart"."instances" USING btree ("parent_id") WHERE parent_id is not null;--> statement-breakpoint
CREATE INDEX "transitions_xid" ON "durachart"."transitions" USING brin ("xid") WITH (pages_per_range=16,autosummarize=true);--> statement-breakpoint
ALTER TABLE "durachart"."instances" SET (fillfactor = 70);--> statement-breakpoint
ALTER TABLE "durachart"."steps" SET (fillfactor = 50);
