CREATE TABLE "durachart"."server" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"system_identifier" bigint NOT NULL,
	"timeline" integer NOT NULL
);
--> statement-breakpoint
-- Stable, although it always gives the same: a plan with it is made anew once it is replaced.
create function durachart.xid_base() returns bigint language sql stable as 'select 0::bigint';--> statement-breakpoint
ALTER TABLE "durachart"."transitions" ALTER COLUMN "xid" SET DEFAULT (pg_current_xact_id()::text)::bigint + durachart.xid_base();
