extension Instant {
    /// Of a time such as `2026-01-31T12:00:00Z` (RFC 3339), or a date such as `2026-01-31`, which
    /// begins at midnight UTC.
    public init?(dateOrTime text: String) {
        let isDate = text.utf8.count == 10
        guard let instant = TimeText.instant(isDate ? text + "T00:00:00Z" : text) else {
            return nil
        }
        self = instant
    }
}
