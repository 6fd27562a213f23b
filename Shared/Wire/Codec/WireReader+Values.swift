// The value types that are records on the wire. Their schemas are closed: a record that they do not
// define is an error, since nothing could keep it.
extension WireReader {
    private mutating func value<T>(
        _ table: @autoclosure () -> FieldTable, _ body: (inout WireReader) throws(WireError) -> T?
    ) throws(WireError) -> T {
        let outer = try enter()
        guard let value = tolerant ? try looseValue(table(), body) : try body(&self) else {
            throw recordFailure(.outOfDomain)
        }
        leave(outer)
        return value
    }

    /// At the tolerant door: first as if it were in order, since nothing is nested in these types.
    private mutating func looseValue<T>(
        _ table: @autoclosure () -> FieldTable, _ body: (inout WireReader) throws(WireError) -> T?
    ) throws(WireError) -> T? {
        var ahead = self
        if let value = try? body(&ahead) {
            self = ahead
            return value
        }
        var value: T?
        try normalized(table()) { reader throws(WireError) in value = try body(&reader) }
        return value
    }

    /// What a record is that the body of a value type did not take.
    private mutating func trailing(_ table: FieldTable) -> WireError {
        var unknown: UnknownFields?
        do throws(WireError) {
            _ = try keepUnknown(table, &unknown)
            return failure(.foreignRecord)
        } catch {
            return error
        }
    }

    public mutating func money() throws(WireError) -> Money {
        try value(.money) { reader throws(WireError) in
            let currency = reader.take(0x0A) ? try reader.currency() : nil
            let coefficient = reader.take(0x10) ? try reader.int64(.implicit) : 0
            let scale = reader.take(0x18) ? try reader.uint32(.implicit) : 0
            guard reader.isAtEnd else { throw reader.trailing(.money) }
            guard let currency else { return nil }
            return Money(currency: currency, coefficient: coefficient, scale: Int(scale))
        }
    }

    private mutating func currency() throws(WireError) -> CurrencyCode? {
        guard try length() == 3, let code = CurrencyCode(byte(at: 0), byte(at: 1), byte(at: 2))
        else { throw valueFailure(.outOfDomain) }
        skip(3)
        return code
    }

    public mutating func decimal() throws(WireError) -> Decimal64 {
        try value(.decimal) { reader throws(WireError) in
            let coefficient = reader.take(0x08) ? try reader.int64(.implicit) : 0
            let scale = reader.take(0x10) ? try reader.uint32(.implicit) : 0
            guard reader.isAtEnd else { throw reader.trailing(.decimal) }
            return Decimal64(coefficient: coefficient, scale: Int(scale))
        }
    }

    public mutating func timestamp() throws(WireError) -> Timestamp {
        try value(.timestamp) { reader throws(WireError) in
            let (seconds, nanoseconds) = try reader.secondsAndNanoseconds(.timestamp)
            return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
        }
    }

    public mutating func duration() throws(WireError) -> TimeSpan {
        try value(.duration) { reader throws(WireError) in
            let (seconds, nanoseconds) = try reader.secondsAndNanoseconds(.duration)
            return TimeSpan(seconds: seconds, nanoseconds: nanoseconds)
        }
    }

    @inline(__always)
    private mutating func secondsAndNanoseconds(
        _ table: @autoclosure () -> FieldTable
    ) throws(WireError) -> (Int64, Int) {
        let seconds = take(0x08) ? try int64Twos(.implicit) : 0
        let nanoseconds = take(0x10) ? try int32Twos(.implicit) : 0
        guard isAtEnd else { throw trailing(table()) }
        return (seconds, Int(nanoseconds))
    }

    public mutating func date() throws(WireError) -> CalendarDate {
        try value(.date) { reader throws(WireError) in
            let days = reader.take(0x08) ? try reader.int32(.implicit) : 0
            guard reader.isAtEnd else { throw reader.trailing(.date) }
            return CalendarDate(daysSinceEpoch: days)
        }
    }
}
