CREATE SCHEMA IF NOT EXISTS "video_processing";
--> statement-breakpoint
CREATE TABLE "video_processing"."analytics" (
	"instance_key" text NOT NULL,
	"step" text NOT NULL,
	"workspace_id" text NOT NULL,
	"runs" integer NOT NULL,
	"milliseconds" bigint NOT NULL,
	"counts" jsonb NOT NULL,
	"finished_at" timestamp with time zone NOT NULL,
	CONSTRAINT "analytics_instance_key_step_pk" PRIMARY KEY("instance_key","step")
);
--> statement-breakpoint
CREATE TABLE "video_processing"."artifacts" (
	"key" text PRIMARY KEY NOT NULL,
	"instance_key" text NOT NULL,
	"workspace_id" text NOT NULL,
	"kind" text NOT NULL,
	"bytes" bigint NOT NULL,
	"sha256" text NOT NULL,
	"location" text NOT NULL,
	"retained_until" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "video_processing"."usage" (
	"instance_key" text PRIMARY KEY NOT NULL,
	"workspace_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "video_processing"."workspaces" (
	"id" text PRIMARY KEY NOT NULL,
	"quota" integer NOT NULL,
	"used" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "video_processing"."usage" ADD CONSTRAINT "usage_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "video_processing"."workspaces"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "artifacts_instance" ON "video_processing"."artifacts" USING btree ("instance_key");--> statement-breakpoint
CREATE INDEX "artifacts_retained_until" ON "video_processing"."artifacts" USING btree ("retained_until");--> statement-breakpoint
CREATE INDEX "usage_workspace" ON "video_processing"."usage" USING btree ("workspace_id");