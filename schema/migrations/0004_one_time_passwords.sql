ALTER TABLE `tokens` ADD `realms` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `tokens` ADD `seed` text;--> statement-breakpoint
ALTER TABLE `tokens` ADD `otp_length` integer DEFAULT 6 NOT NULL;--> statement-breakpoint
ALTER TABLE `tokens` ADD `hashlib` text DEFAULT 'sha1' NOT NULL;--> statement-breakpoint
ALTER TABLE `tokens` ADD `time_step` integer DEFAULT 30 NOT NULL;--> statement-breakpoint
ALTER TABLE `tokens` ADD `time_window` integer DEFAULT 180 NOT NULL;--> statement-breakpoint
ALTER TABLE `tokens` ADD `count_window` integer DEFAULT 10 NOT NULL;--> statement-breakpoint
ALTER TABLE `tokens` ADD `sync_window` integer DEFAULT 1000 NOT NULL;--> statement-breakpoint
ALTER TABLE `tokens` ADD `counter` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tokens` ADD `time_shift` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tokens` ADD `valid_until` integer;--> statement-breakpoint
ALTER TABLE `tokens` ADD `info` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
CREATE INDEX `tokens_by_customer` ON `tokens` (`customer`);