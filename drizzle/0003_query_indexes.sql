CREATE TABLE "durachart"."tags" (
	"tag" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"instance_id" text NOT NULL,
	CONSTRAINT "tags_tag_created_at_instance_id_pk" PRIMARY KEY("tag","created_at","instance_id")
);
--> statement-breakpoint
CREATE TABLE "durachart"."workflow_edges" (
	"workflow" text NOT NULL,
	"edge" integer NOT NULL,
	"from_state" text,
	"event" text NOT NULL,
	"to_state" text NOT NULL,
	"taken" json NOT NULL,
	CONSTRAINT "workflow_edges_workflow_edge_pk" PRIMARY KEY("workflow","edge")
);
--> statement-breakpoint
CREATE TABLE "durachart"."workflow_states" (
	"workflow" text NOT NULL,
	"state" text NOT NULL,
	"accepts" text[] NOT NULL,
	CONSTRAINT "workflow_states_workflow_state_pk" PRIMARY KEY("workflow","state")
);
--> statement-breakpoint
CREATE TABLE "durachart"."workflow_steps" (
	"workflow" text NOT NULL,
	"step" text NOT NULL,
	"kind" text NOT NULL,
	"timeout" bigint,
	"heartbeat" bigint,
	CONSTRAINT "workflow_steps_workflow_step_pk" PRIMARY KEY("workflow","step")
);
--> statement-breakpoint
CREATE TABLE "durachart"."workflows" (
	"name" text PRIMARY KEY NOT NULL,
	"version" text NOT NULL,
	"view" text NOT NULL,
	"definition" text NOT NULL,
	CONSTRAINT "workflows_view_unique" UNIQUE("view")
);
--> statement-breakpoint
DROP INDEX "durachart"."instances_parent";--> statement-breakpoint
ALTER TABLE "durachart"."instances"
	ADD COLUMN "rest_status" text GENERATED ALWAYS AS (case when lease is null then status end) STORED,
	ADD COLUMN "rest_state" text GENERATED ALWAYS AS (case when lease is null then left(state, 300) end) STORED,
	ADD COLUMN "rest_error" text GENERATED ALWAYS AS (case when lease is null then left(error_code, 300) end) STORED,
	ADD COLUMN "rest_step" text GENERATED ALWAYS AS (case when lease is null and status = 'failed' then left(error -> 'details' ->> 'step', 300) end) STORED,
	ADD COLUMN "rest_since" timestamp (3) with time zone GENERATED ALWAYS AS (case when lease is null and status = 'failed' then updated_at end) STORED;--> statement-breakpoint
CREATE INDEX "instances_place" ON "durachart"."instances" USING btree ("rest_status","workflow","rest_state") WHERE rest_status is not null;--> statement-breakpoint
CREATE INDEX "instances_rest" ON "durachart"."instances" USING btree ("rest_status","workflow","rest_state","created_at","id") WHERE rest_status is not null;--> statement-breakpoint
CREATE INDEX "instances_failed" ON "durachart"."instances" USING btree ("workflow","rest_error","rest_state","rest_step","rest_since") WHERE rest_status = 'failed';--> statement-breakpoint
CREATE INDEX "instances_error" ON "durachart"."instances" USING btree ("rest_error","created_at","id") WHERE rest_error is not null;--> statement-breakpoint
CREATE INDEX "instances_tenant" ON "durachart"."instances" USING btree ("tenant","created_at","id") WHERE tenant is not null;--> statement-breakpoint
CREATE INDEX "steps_retrying" ON "durachart"."steps" USING btree ("next_attempt_at") WHERE next_attempt_at is not null;--> statement-breakpoint
CREATE INDEX "steps_queued" ON "durachart"."steps" USING brin ("queued_at") WITH (autosummarize=true);--> statement-breakpoint
CREATE INDEX "transitions_at" ON "durachart"."transitions" USING brin ("at") WITH (autosummarize=true);--> statement-breakpoint
CREATE INDEX "instances_parent" ON "durachart"."instances" USING btree ("parent_id","created_at","id") WHERE parent_id is not null;