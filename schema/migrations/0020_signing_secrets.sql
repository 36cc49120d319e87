ALTER TABLE `application_secrets` ADD `sealed` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `registrations` ADD `signs_with_secret` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `registrations` ADD `login_hint_claim` text DEFAULT 'login_hint' NOT NULL;--> statement-breakpoint
ALTER TABLE `registrations` ADD `compares_name` integer DEFAULT false NOT NULL;