CREATE TABLE `application_secrets` (
	`id` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`application` text NOT NULL,
	`hash` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `application_secrets_by_application` ON `application_secrets` (`application`);--> statement-breakpoint
CREATE TABLE `browser_sessions` (
	`hash` text PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`customer` text NOT NULL,
	`subject` text NOT NULL,
	`login` text NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `browser_sessions_by_id` ON `browser_sessions` (`id`);--> statement-breakpoint
CREATE INDEX `browser_sessions_by_end` ON `browser_sessions` (`expires_at`);--> statement-breakpoint
CREATE TABLE `grant_keys` (
	`kid` text PRIMARY KEY NOT NULL,
	`alg` text NOT NULL,
	`private_key` text NOT NULL,
	`public_key` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `grant_tokens` (
	`hash` text PRIMARY KEY NOT NULL,
	`grant` text NOT NULL,
	`kind` text NOT NULL,
	`bound` text NOT NULL,
	`used_at` integer,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `grant_tokens_by_grant` ON `grant_tokens` (`grant`);--> statement-breakpoint
CREATE INDEX `grant_tokens_by_end` ON `grant_tokens` (`expires_at`);--> statement-breakpoint
CREATE TABLE `grants` (
	`id` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`application` text NOT NULL,
	`person` text NOT NULL,
	`realm` text NOT NULL,
	`scope` text NOT NULL,
	`login` text NOT NULL,
	`session` text NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `grants_by_end` ON `grants` (`expires_at`);--> statement-breakpoint
CREATE INDEX `grants_by_session` ON `grants` (`session`);--> statement-breakpoint
CREATE TABLE `pushed_requests` (
	`hash` text PRIMARY KEY NOT NULL,
	`application` text NOT NULL,
	`request` text NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `pushed_requests_by_end` ON `pushed_requests` (`expires_at`);--> statement-breakpoint
CREATE TABLE `registrations` (
	`application` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`mode` text NOT NULL,
	`realm` text DEFAULT '' NOT NULL,
	`redirect_uris` text NOT NULL,
	`logout_uris` text NOT NULL,
	`keys` text NOT NULL,
	`scopes` text NOT NULL,
	`id_token_alg` text NOT NULL,
	`ciba` text NOT NULL,
	`notification_endpoint` text DEFAULT '' NOT NULL,
	`user_code` integer DEFAULT false NOT NULL,
	`shows_code` integer DEFAULT true NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `sign_ins` (
	`id` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`application` text NOT NULL,
	`browser_hash` text NOT NULL,
	`request` text NOT NULL,
	`subject` text NOT NULL,
	`question` text NOT NULL,
	`is_done` integer DEFAULT false NOT NULL,
	`poll_again_at` integer DEFAULT 0 NOT NULL,
	`interval` integer DEFAULT 0 NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `sign_ins_by_end` ON `sign_ins` (`expires_at`);--> statement-breakpoint
CREATE TABLE `used_once` (
	`hash` text PRIMARY KEY NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `used_once_by_end` ON `used_once` (`expires_at`);