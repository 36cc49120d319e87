ALTER TABLE `accounts` ADD `networks` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `networks` text DEFAULT '[]' NOT NULL;