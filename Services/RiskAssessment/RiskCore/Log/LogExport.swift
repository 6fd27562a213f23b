public import Storage

/// The records of a log as one chain of bytes, which `schemac verify` proves without this program.
public enum LogExport {
    /// Hands out the sealed records as they are stored, in the order of the chain. Returns how
    /// many.
    @discardableResult
    public static func records(
        of store: any KeyValueStore, _ write: ([UInt8]) throws -> Void
    ) throws -> Int {
        var count = 0
        try store.scan(DecisionLog.records, .all, reversed: false) { _, record in
            try write(Array(record))
            count += 1
            return true
        }
        return count
    }
}
