CREATE TABLE `connectors` (
	`id` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`name` text NOT NULL,
	`label` text DEFAULT '' NOT NULL,
	`code_hash` text,
	`code_expires_at` integer NOT NULL,
	`public_key` text,
	`created_at` integer NOT NULL,
	`enrolled_at` integer
);
--> statement-breakpoint
CREATE INDEX `connectors_by_name` ON `connectors` (`customer`,`name`);