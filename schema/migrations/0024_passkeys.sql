CREATE TABLE `passkeys` (
	`serial` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`credential_id` text NOT NULL,
	`public_key` text NOT NULL,
	`is_synced` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `passkeys_by_credential` ON `passkeys` (`customer`,`credential_id`);