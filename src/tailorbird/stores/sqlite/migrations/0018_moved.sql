-- To which home's server the ledger of this file was moved. Empty: it is here. Never taken back.
CREATE TABLE moved (home TEXT NOT NULL);
