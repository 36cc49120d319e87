ALTER TABLE `people` ADD `uid` text;--> statement-breakpoint
CREATE UNIQUE INDEX `people_by_uid` ON `people` (`customer`,`resolver`,`uid`) WHERE uid is not null;