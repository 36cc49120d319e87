ALTER TABLE `people` RENAME COLUMN "realm" TO "resolver";--> statement-breakpoint
CREATE TABLE `person_attributes` (
	`person` text NOT NULL,
	`key` text NOT NULL,
	`value` text NOT NULL,
	`type` text DEFAULT '' NOT NULL,
	PRIMARY KEY(`person`, `key`)
);
--> statement-breakpoint
CREATE TABLE `policies` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`customer` text NOT NULL,
	`name` text NOT NULL,
	`scope` text NOT NULL,
	`active` integer NOT NULL,
	`priority` integer NOT NULL,
	`realm` text NOT NULL,
	`resolver` text NOT NULL,
	`user` text NOT NULL,
	`adminrealm` text NOT NULL,
	`adminuser` text NOT NULL,
	`client` text NOT NULL,
	`time` text NOT NULL,
	`action` text NOT NULL,
	`description` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `policies_by_name` ON `policies` (`customer`,`name`);--> statement-breakpoint
CREATE TABLE `realm_resolvers` (
	`customer` text NOT NULL,
	`realm` text NOT NULL,
	`resolver` text NOT NULL,
	`priority` integer,
	PRIMARY KEY(`customer`, `realm`, `resolver`)
);
--> statement-breakpoint
CREATE TABLE `resolvers` (
	`customer` text NOT NULL,
	`name` text NOT NULL,
	`type` text NOT NULL,
	`config` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`customer`, `name`)
);
--> statement-breakpoint
DROP INDEX `people_by_name`;--> statement-breakpoint
ALTER TABLE `people` ADD `mobile` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `people` ADD `description` text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `people_by_name` ON `people` (`customer`,`resolver`,`username_key`);--> statement-breakpoint
CREATE INDEX `tokens_by_person` ON `tokens` (`person`);--> statement-breakpoint
INSERT INTO `resolvers` (`customer`, `name`, `type`, `config`, `created_at`)
SELECT `customer`, CASE `name` WHEN 'default' THEN 'local' ELSE `name` END, 'local', '{}', unixepoch() FROM `realms`;--> statement-breakpoint
INSERT INTO `realm_resolvers` (`customer`, `realm`, `resolver`)
SELECT `customer`, `name`, CASE `name` WHEN 'default' THEN 'local' ELSE `name` END FROM `realms`;--> statement-breakpoint
UPDATE `people` SET `resolver` = 'local' WHERE `resolver` = 'default';
