CREATE SCHEMA IF NOT EXISTS "webhook_processor";
--> statement-breakpoint
CREATE TABLE "webhook_processor"."deliveries" (
	"provider" text NOT NULL,
	"webhook_id" text NOT NULL,
	"type" text NOT NULL,
	"instance_key" text NOT NULL,
	"body" text NOT NULL,
	"published_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "deliveries_provider_webhook_id_pk" PRIMARY KEY("provider","webhook_id")
);
