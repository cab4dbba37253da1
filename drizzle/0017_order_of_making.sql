ALTER TABLE "durachart"."steps" ADD COLUMN "position" integer;--> statement-breakpoint
ALTER TABLE "durachart"."timers" ADD COLUMN "position" integer;