extension String {
    /// "1 row", "2 rows", "0 entities".
    init(_ count: some BinaryInteger, _ one: String, _ many: String? = nil) {
        self = "\(count) \(count == 1 ? one : many ?? one + "s")"
    }
}
