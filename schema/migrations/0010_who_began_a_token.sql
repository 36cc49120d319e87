ALTER TABLE `tokens` ADD `begun_by_login` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `tokens` ADD `count_auth` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tokens` ADD `count_auth_success` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tokens` ADD `count_auth_max` integer;--> statement-breakpoint
ALTER TABLE `tokens` ADD `count_auth_success_max` integer;--> statement-breakpoint
ALTER TABLE `tokens` ADD `valid_from` integer;--> statement-breakpoint
ALTER TABLE `tokens` ADD `assigned_at` integer;