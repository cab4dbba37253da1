CREATE SCHEMA IF NOT EXISTS "winner_refresh";
--> statement-breakpoint
CREATE TABLE "winner_refresh"."pin_metrics" (
	"user_id" text NOT NULL,
	"day" date NOT NULL,
	"pin_id" text NOT NULL,
	"impressions" bigint NOT NULL,
	"saves" bigint NOT NULL,
	"clicks" bigint NOT NULL,
	"recorded_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "pin_metrics_user_id_day_pin_id_pk" PRIMARY KEY("user_id","day","pin_id"),
	CONSTRAINT "pin_metrics_counts" CHECK (least(impressions, saves, clicks) >= 0)
);
--> statement-breakpoint
CREATE TABLE "winner_refresh"."pins" (
	"user_id" text NOT NULL,
	"pin_id" text NOT NULL,
	"title" text NOT NULL,
	"url" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "pins_user_id_pin_id_pk" PRIMARY KEY("user_id","pin_id")
);
--> statement-breakpoint
CREATE TABLE "winner_refresh"."scores" (
	"user_id" text NOT NULL,
	"pin_id" text NOT NULL,
	"score" double precision NOT NULL,
	"impressions" bigint NOT NULL,
	"engagements" bigint NOT NULL,
	"scored_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "scores_user_id_pin_id_pk" PRIMARY KEY("user_id","pin_id")
);
--> statement-breakpoint
CREATE TABLE "winner_refresh"."winners" (
	"user_id" text NOT NULL,
	"pin_id" text NOT NULL,
	"rank" integer NOT NULL,
	"score" double precision NOT NULL,
	"since" timestamp with time zone DEFAULT now() NOT NULL,
	"refreshed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "winners_user_id_pin_id_pk" PRIMARY KEY("user_id","pin_id")
);
