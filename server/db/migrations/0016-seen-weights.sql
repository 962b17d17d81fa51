-- What a product's pieces weighed is read from the lines that people decided last: tickets' ids grow with time.
CREATE INDEX ticket_line_product ON ticket_line (product_id, ticket_id DESC);
