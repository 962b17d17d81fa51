-- What waits for an admin, among years of tickets: their list, and how many they are.
CREATE INDEX ticket_escalated ON ticket (number DESC) WHERE escalation IS NOT NULL;
