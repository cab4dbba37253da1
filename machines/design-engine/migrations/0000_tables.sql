CREATE SCHEMA IF NOT EXISTS "design_engine";
--> statement-breakpoint
CREATE TABLE "design_engine"."assets" (
	"id" text PRIMARY KEY NOT NULL,
	"quote_id" text NOT NULL,
	"user_id" text NOT NULL,
	"instance_key" text NOT NULL,
	"kind" text NOT NULL,
	"size" text NOT NULL,
	"key" text NOT NULL,
	"width" integer NOT NULL,
	"height" integer NOT NULL,
	"bleed" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "design_engine"."mockups" (
	"instance_key" text NOT NULL,
	"asset_id" text NOT NULL,
	"scene" text NOT NULL,
	"quote_id" text NOT NULL,
	"user_id" text NOT NULL,
	"key" text NOT NULL,
	"width" integer NOT NULL,
	"height" integer NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "mockups_instance_key_asset_id_scene_pk" PRIMARY KEY("instance_key","asset_id","scene")
);
--> statement-breakpoint
CREATE TABLE "design_engine"."notifications" (
	"instance_key" text NOT NULL,
	"round" integer NOT NULL,
	"kind" text NOT NULL,
	"user_id" text NOT NULL,
	"message" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "notifications_instance_key_round_kind_pk" PRIMARY KEY("instance_key","round","kind")
);
--> statement-breakpoint
CREATE TABLE "design_engine"."quotes" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"text" text NOT NULL,
	"author" text,
	"style" text,
	"paper" text,
	"ink" text,
	"accent" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "assets_quote" ON "design_engine"."assets" USING btree ("quote_id");--> statement-breakpoint
CREATE INDEX "assets_instance" ON "design_engine"."assets" USING btree ("instance_key");--> statement-breakpoint
CREATE INDEX "mockups_quote" ON "design_engine"."mockups" USING btree ("quote_id");--> statement-breakpoint
CREATE INDEX "notifications_user" ON "design_engine"."notifications" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "quotes_user" ON "design_engine"."quotes" USING btree ("user_id");