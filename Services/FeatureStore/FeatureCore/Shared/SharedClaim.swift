internal import Redis

/// What the shared store said to an event that asked for its place in the log.
enum SharedClaim {
    /// The event is new, and it is this call's to apply.
    case claimed(StreamPlace)
    /// The id was used before, with content of this digest.
    case known(StreamPlace, digest: [UInt8])
    /// The keeper has not taken what is in the log.
    case full
    /// There was an erasure since the row's keys were found: with others once more.
    case stale(epoch: String)
    /// Nothing was kept.
    case refused(RedisServerError)

    init(_ reply: RedisValue, partition: Int) {
        switch reply {
        case .array(let elements):
            if case .bytes(let id)? = elements.first,
                let place = StreamPlace(id, partition: partition)
            {
                self = .claimed(place)
                return
            }
        case .bytes(let row):
            if let (place, digest) = Self.row(row, partition: partition) {
                self = .known(place, digest: digest)
                return
            }
        case .error(let error) where error.code == "FULL":
            self = .full
            return
        case .error(let error) where error.code == "STALE":
            self = .stale(epoch: String(error.description.dropFirst(6)))
            return
        case .error(let error):
            self = .refused(error)
            return
        default: break
        }
        self = .refused(RedisServerError("ERR not the reply of the claim script"))
    }

    /// The row of an id: its place, a space, the digest of its content, which may be any bytes.
    static func row(
        _ row: [UInt8], partition: Int
    ) -> (place: StreamPlace, digest: [UInt8])? {
        guard let space = row.firstIndex(of: UInt8(ascii: " ")),
            let place = StreamPlace(row[..<space], partition: partition)
        else { return nil }
        return (place, Array(row[(space + 1)...]))
    }
}
