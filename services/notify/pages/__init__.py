"""The page an applicant opens a result on."""
