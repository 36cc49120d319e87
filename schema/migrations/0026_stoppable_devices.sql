ALTER TABLE `tokens` ADD `stoppable_until` integer;--> statement-breakpoint
UPDATE `tokens` SET `stoppable_until` = `held_until` WHERE `held_until` IS NOT NULL;