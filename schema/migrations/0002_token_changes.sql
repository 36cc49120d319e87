CREATE TABLE `token_changes` (
	`mark` text PRIMARY KEY NOT NULL,
	`owner_id` text NOT NULL,
	`customer` text NOT NULL,
	`at` integer NOT NULL
);
