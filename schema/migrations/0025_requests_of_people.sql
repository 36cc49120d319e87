ALTER TABLE `browser_sessions` ADD `person` text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE INDEX `browser_sessions_by_person` ON `browser_sessions` (`person`);--> statement-breakpoint
ALTER TABLE `people` ADD `session_mark` text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE INDEX `grants_by_person` ON `grants` (`person`);