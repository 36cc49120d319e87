ALTER TABLE `customers` ADD `database` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
UPDATE `tokens` SET `owner_id` = 'A' || substr('ABCDEFGHIJKLMNOP', (instr('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', substr(`owner_id`, 2, 1)) - 1) % 16 + 1, 1) || substr(`owner_id`, 3);--> statement-breakpoint
UPDATE `enrolments` SET `owner_id` = 'A' || substr('ABCDEFGHIJKLMNOP', (instr('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', substr(`owner_id`, 2, 1)) - 1) % 16 + 1, 1) || substr(`owner_id`, 3);--> statement-breakpoint
UPDATE `token_changes` SET `owner_id` = 'A' || substr('ABCDEFGHIJKLMNOP', (instr('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', substr(`owner_id`, 2, 1)) - 1) % 16 + 1, 1) || substr(`owner_id`, 3);
