CREATE TABLE `sign_in_codes` (
	`owner_id` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`hash` text NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `sign_in_codes_by_end` ON `sign_in_codes` (`expires_at`);