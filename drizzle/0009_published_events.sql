CREATE TABLE "durachart"."published" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"payload" json,
	"key" text,
	"source" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"delivered_at" timestamp (3) with time zone,
	"position" text DEFAULT '' NOT NULL,
	"started" text[] DEFAULT '{}' NOT NULL,
	"reached" integer DEFAULT 0 NOT NULL,
	"problems" json
);
--> statement-breakpoint
CREATE TABLE "durachart"."subscriptions" (
	"event" text NOT NULL,
	"key" text NOT NULL,
	"instance_id" text NOT NULL,
	"type" text NOT NULL,
	"workflow" text NOT NULL,
	CONSTRAINT "subscriptions_event_key_instance_id_type_pk" PRIMARY KEY("event","key","instance_id","type")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "published_key" ON "durachart"."published" USING btree ("name","key") WHERE key is not null;--> statement-breakpoint
CREATE INDEX "published_name" ON "durachart"."published" USING btree ("name","id");--> statement-breakpoint
CREATE INDEX "published_undelivered" ON "durachart"."published" USING btree ("id") WHERE delivered_at is null;--> statement-breakpoint
CREATE INDEX "subscriptions_instance" ON "durachart"."subscriptions" USING btree ("instance_id");