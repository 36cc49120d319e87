CREATE TABLE `audit` (
	`customer` text NOT NULL,
	`at` integer NOT NULL,
	`number` integer NOT NULL,
	`action` text NOT NULL,
	`success` integer NOT NULL,
	`serial` text,
	`user` text,
	`realm` text,
	`application` text,
	`client` text,
	`detail` text,
	PRIMARY KEY(`customer`, `at`, `number`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `deliveries` (
	`customer` text NOT NULL,
	`at` integer NOT NULL,
	`number` integer NOT NULL,
	`serial` text NOT NULL,
	`challenge_hash` text NOT NULL,
	`kind` text NOT NULL,
	`attempt` integer NOT NULL,
	`host` text NOT NULL,
	`status` integer,
	`outcome` text NOT NULL,
	`took_ms` integer NOT NULL,
	PRIMARY KEY(`customer`, `at`, `number`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `deliveries_by_serial` ON `deliveries` (`customer`,`serial`,`at`);--> statement-breakpoint
CREATE TABLE `receipts` (
	`customer` text NOT NULL,
	`at` integer NOT NULL,
	`transaction_hash` text NOT NULL,
	`application` text NOT NULL,
	`serial` text NOT NULL,
	`kid` text NOT NULL,
	`claims` text NOT NULL,
	`signature` text NOT NULL,
	PRIMARY KEY(`customer`, `at`, `transaction_hash`)
);
--> statement-breakpoint
INSERT INTO `audit` SELECT `customer`, `at`, `id`, `action`, `success`, `serial`, `user`, `realm`, `application`, `client`, `detail` FROM `audit_before` ORDER BY `customer`, `at`, `id`;--> statement-breakpoint
INSERT INTO `deliveries` SELECT `customer`, `at`, `rowid`, `serial`, `challenge_hash`, `kind`, `attempt`, `host`, `status`, `outcome`, `took_ms` FROM `deliveries_before`;--> statement-breakpoint
INSERT INTO `receipts` SELECT `customer`, `at`, `transaction_hash`, `application`, `serial`, '', `receipt`, '' FROM `receipts_before`;
--> statement-breakpoint
DROP TABLE `audit_before`;--> statement-breakpoint
DROP TABLE `deliveries_before`;--> statement-breakpoint
DROP TABLE `receipts_before`;
