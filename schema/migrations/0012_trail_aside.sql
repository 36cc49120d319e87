DROP INDEX `audit_by_time`;--> statement-breakpoint
DROP INDEX `deliveries_by_serial`;--> statement-breakpoint
DROP INDEX `deliveries_by_time`;--> statement-breakpoint
ALTER TABLE `audit` RENAME TO `audit_before`;--> statement-breakpoint
ALTER TABLE `deliveries` RENAME TO `deliveries_before`;--> statement-breakpoint
ALTER TABLE `receipts` RENAME TO `receipts_before`;
