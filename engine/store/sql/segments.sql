-- Around a segment's own query, which is composed (engine/store/audience.py).

-- name: beginning
-- Since when the base knows anybody.
SELECT min(created_at) FROM customer

-- name: numbers
-- Between which numbers the customers lie: both ends of the primary key.
SELECT min(customer_id), max(customer_id) FROM customer
