DROP INDEX `deliveries_by_serial`;--> statement-breakpoint
CREATE INDEX `deliveries_by_serial` ON `deliveries` (`serial`,`at`);--> statement-breakpoint
DROP INDEX `people_by_name`;--> statement-breakpoint
CREATE UNIQUE INDEX `people_by_name` ON `people` (`customer`,`username_key`,`resolver`);--> statement-breakpoint
DROP INDEX `tokens_by_customer`;--> statement-breakpoint
DROP INDEX `tokens_by_person`;--> statement-breakpoint
CREATE INDEX `tokens_by_type` ON `tokens` (`customer`,`type`,`serial`);--> statement-breakpoint
CREATE INDEX `tokens_by_realm` ON `tokens` (`customer`,`realm`,`serial`);--> statement-breakpoint
CREATE INDEX `tokens_in_realms` ON `tokens` (`customer`,`realms`) WHERE realms < '[]';--> statement-breakpoint
CREATE INDEX `tokens_by_customer` ON `tokens` (`customer`,`serial`);--> statement-breakpoint
CREATE INDEX `tokens_by_person` ON `tokens` (`person`,`customer`);--> statement-breakpoint
CREATE INDEX `enrolments_by_end` ON `enrolments` (`expires_at`);