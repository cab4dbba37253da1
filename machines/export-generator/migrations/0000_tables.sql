CREATE SCHEMA IF NOT EXISTS "export_generator";
--> statement-breakpoint
CREATE TABLE "export_generator"."exports" (
	"instance_key" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"export_type" text NOT NULL,
	"format" text NOT NULL,
	"key" text NOT NULL,
	"rows" bigint NOT NULL,
	"bytes" bigint NOT NULL,
	"sha256" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "exports_user" ON "export_generator"."exports" USING btree ("user_id","created_at");