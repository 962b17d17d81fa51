-- A user who is forgotten gets another id (server/domain/user/privacy.ts); whatever names him follows in the same statement.
ALTER TABLE visit DROP CONSTRAINT visit_user_id_fkey, ADD FOREIGN KEY (user_id) REFERENCES user_detail ON UPDATE CASCADE;
ALTER TABLE user_session DROP CONSTRAINT user_session_user_id_fkey, ADD FOREIGN KEY (user_id) REFERENCES user_detail ON UPDATE CASCADE;
ALTER TABLE cart DROP CONSTRAINT cart_user_id_fkey, ADD FOREIGN KEY (user_id) REFERENCES user_detail ON UPDATE CASCADE;
ALTER TABLE ticket DROP CONSTRAINT ticket_user_id_fkey, ADD FOREIGN KEY (user_id) REFERENCES user_detail ON UPDATE CASCADE;
