CREATE TABLE `accounts` (
	`id` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`application` text NOT NULL,
	`username` text NOT NULL,
	`role` text NOT NULL,
	`password_hash` text NOT NULL,
	`rights` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `accounts_by_name` ON `accounts` (`customer`,`username`);--> statement-breakpoint
CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`application` text NOT NULL,
	`secret_hash` text NOT NULL,
	`rights` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `applications` (
	`id` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `audit` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`event_id` text NOT NULL,
	`customer` text NOT NULL,
	`at` integer NOT NULL,
	`action` text NOT NULL,
	`success` integer NOT NULL,
	`serial` text,
	`user` text,
	`realm` text,
	`application` text,
	`client` text,
	`detail` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `audit_event_id_unique` ON `audit` (`event_id`);--> statement-breakpoint
CREATE INDEX `audit_by_time` ON `audit` (`customer`,`at`);--> statement-breakpoint
CREATE TABLE `customers` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `deliveries` (
	`event_id` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`serial` text NOT NULL,
	`challenge_hash` text NOT NULL,
	`kind` text NOT NULL,
	`attempt` integer NOT NULL,
	`host` text NOT NULL,
	`status` integer,
	`outcome` text NOT NULL,
	`took_ms` integer NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `deliveries_by_serial` ON `deliveries` (`serial`,`at`);--> statement-breakpoint
CREATE INDEX `deliveries_by_time` ON `deliveries` (`customer`,`at`);--> statement-breakpoint
CREATE TABLE `enrolments` (
	`locator` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`owner_id` text NOT NULL,
	`serial` text NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `epochs` (
	`name` text PRIMARY KEY NOT NULL,
	`value` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `people` (
	`id` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`realm` text NOT NULL,
	`username` text NOT NULL,
	`username_key` text NOT NULL,
	`givenname` text DEFAULT '' NOT NULL,
	`surname` text DEFAULT '' NOT NULL,
	`email` text DEFAULT '' NOT NULL,
	`phone` text DEFAULT '' NOT NULL,
	`password_hash` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `people_by_name` ON `people` (`customer`,`realm`,`username_key`);--> statement-breakpoint
CREATE TABLE `realms` (
	`customer` text NOT NULL,
	`name` text NOT NULL,
	`is_default` integer DEFAULT false NOT NULL,
	PRIMARY KEY(`customer`, `name`)
);
--> statement-breakpoint
CREATE TABLE `receipts` (
	`transaction_hash` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`application` text NOT NULL,
	`serial` text NOT NULL,
	`receipt` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `settings` (
	`customer` text NOT NULL,
	`name` text NOT NULL,
	`value` text NOT NULL,
	PRIMARY KEY(`customer`, `name`)
);
--> statement-breakpoint
CREATE TABLE `subscriptions` (
	`serial` text PRIMARY KEY NOT NULL,
	`endpoint` text NOT NULL,
	`p256dh` text NOT NULL,
	`auth` text NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `tokens` (
	`serial` text PRIMARY KEY NOT NULL,
	`customer` text NOT NULL,
	`owner_id` text NOT NULL,
	`person` text,
	`realm` text,
	`type` text NOT NULL,
	`description` text DEFAULT '' NOT NULL,
	`pin_hash` text,
	`active` integer DEFAULT true NOT NULL,
	`revoked` integer DEFAULT false NOT NULL,
	`rollout_state` text NOT NULL,
	`public_key` text,
	`device_id` text,
	`device_name` text DEFAULT '' NOT NULL,
	`fail_count` integer DEFAULT 0 NOT NULL,
	`max_fail_count` integer DEFAULT 10 NOT NULL,
	`created_at` integer NOT NULL,
	`enrolled_at` integer,
	`enrolment_expires_at` integer
);
--> statement-breakpoint
CREATE INDEX `tokens_by_owner` ON `tokens` (`owner_id`);--> statement-breakpoint
CREATE INDEX `tokens_waiting` ON `tokens` (`enrolment_expires_at`) WHERE rollout_state = 'clientwait';