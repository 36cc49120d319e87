CREATE TABLE `webhooks` (
	`id` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`application` text NOT NULL,
	`url` text NOT NULL,
	`types` text NOT NULL,
	`secret` text NOT NULL,
	`previous_secret` text,
	`previous_until_at` integer,
	`active` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `webhooks_by_application` ON `webhooks` (`application`);--> statement-breakpoint
CREATE INDEX `webhooks_by_customer` ON `webhooks` (`customer`);