CREATE SCHEMA IF NOT EXISTS "digest_email";
--> statement-breakpoint
CREATE TABLE "digest_email"."recipients" (
	"user_id" text PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"name" text,
	"unsubscribed_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "digest_email"."sent" (
	"user_id" text NOT NULL,
	"day" date NOT NULL,
	"instance_key" text NOT NULL,
	"message_id" text NOT NULL,
	"way" text NOT NULL,
	"sent_at" timestamp with time zone NOT NULL,
	CONSTRAINT "sent_user_id_day_pk" PRIMARY KEY("user_id","day")
);
