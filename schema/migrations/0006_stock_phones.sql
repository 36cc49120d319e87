CREATE TABLE `phones` (
	`serial` text PRIMARY KEY NOT NULL,
	`public_key` text NOT NULL,
	`server_key` text NOT NULL,
	`fbtoken` text DEFAULT '' NOT NULL,
	`fbtoken_at_ms` integer DEFAULT 0 NOT NULL,
	`capabilities` text DEFAULT '[]' NOT NULL
);
--> statement-breakpoint
CREATE TABLE `server_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`customer` text,
	`taken_by` text,
	`private_key` text NOT NULL,
	`public_key` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `server_keys_spare` ON `server_keys` (`customer`);--> statement-breakpoint
CREATE INDEX `server_keys_by_token` ON `server_keys` (`taken_by`);--> statement-breakpoint
ALTER TABLE `tokens` ADD `push_configuration` text;