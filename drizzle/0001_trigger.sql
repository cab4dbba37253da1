CREATE TABLE "durachart"."runs" (
	"instance_id" text NOT NULL,
	"kind" text NOT NULL,
	"key" text NOT NULL,
	"round" integer NOT NULL,
	"task" text NOT NULL,
	"run_id" text,
	"waiter" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "runs_instance_id_kind_key_round_pk" PRIMARY KEY("instance_id","kind","key","round")
);
--> statement-breakpoint
CREATE INDEX "runs_open" ON "durachart"."runs" USING btree ("created_at") WHERE ended_at is null;