DROP INDEX `tokens_by_realm`;--> statement-breakpoint
ALTER TABLE `tokens` ADD `device` text;--> statement-breakpoint
CREATE UNIQUE INDEX `tokens_of_device` ON `tokens` (`device`) WHERE device is not null;--> statement-breakpoint
CREATE INDEX `tokens_by_realm` ON `tokens` (`customer`,`realm`,`serial`,`device`);