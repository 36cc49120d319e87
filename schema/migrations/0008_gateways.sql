CREATE TABLE `gateways` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`customer` text NOT NULL,
	`name` text NOT NULL,
	`module` text NOT NULL,
	`description` text DEFAULT '' NOT NULL,
	`options` text NOT NULL,
	`account` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `gateways_by_name` ON `gateways` (`customer`,`name`);