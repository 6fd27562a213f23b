/// Rewrites one message body from any protobuf layout to the canonical one: the slow half of the
/// tolerant door. The values inside stay as they are; the decoder is lenient about those.
struct Normalizer {
    private let body: [UInt8]
    private let table: FieldTable
    /// True for a map entry, whose superfluous records are dropped.
    private let isEntry: Bool
    private let offset: Int
    private let isScratch: Bool
    private var records: [Record] = []
    private var out: [UInt8] = []
    /// Bytes that may still be allocated.
    private(set) var heap: Int
    /// Bytes of the records that were dropped from a map entry.
    private(set) var droppedBytes = 0

    /// A record in a quarter of the memory: there may be one for every two bytes.
    private struct Record {
        let tag: UInt32
        private let offsets: (start: UInt32, value: UInt32, end: UInt32)

        init(_ record: RecordScanner.Record) {
            tag = record.tag
            offsets = (UInt32(record.start), UInt32(record.value), UInt32(record.end))
        }

        var number: Int { Int(tag >> 3) }
        var wireType: UInt32 { tag & 7 }
        var start: Int { Int(offsets.start) }
        var value: Int { Int(offsets.value) }
        var end: Int { Int(offsets.end) }
    }

    init(
        _ body: [UInt8], _ table: FieldTable, isEntry: Bool, offset: Int, isScratch: Bool,
        heap: Int
    ) {
        self.body = body
        self.table = table
        self.isEntry = isEntry
        self.offset = offset
        self.isScratch = isScratch
        self.heap = heap
    }

    private func failure(_ code: WireError.Code, at position: Int) -> WireError {
        WireError(code, offset: isScratch ? offset : offset + position)
    }

    mutating func run() throws(WireError) -> [UInt8] {
        guard UInt32(exactly: body.count) != nil else { throw failure(.tooLarge, at: 0) }
        try scan()
        dropSupersededMembers()
        // Stable: the position decides between records of one number.
        records.sort { ($0.tag >> 3, $0.start) < ($1.tag >> 3, $1.start) }
        out.reserveCapacity(body.count + 8)
        var index = 0
        while index < records.count {
            let number = records[index].number
            var after = index
            while after < records.count, records[after].number == number { after += 1 }
            try rewrite(index..<after, table.field(number))
            index = after
        }
        return out
    }

    private mutating func scan() throws(WireError) {
        var scanner = RecordScanner(body)
        let stride = MemoryLayout<Record>.stride
        while true {
            let position = scanner.position
            do throws(WireError.Code) {
                guard let record = try scanner.next() else { return }
                records.append(Record(record))
                if let field = table.field(record.number), !Self.fits(record, field) {
                    throw .wrongWireType
                }
            } catch {
                throw failure(error, at: position)
            }
            // An array that grows is held twice for a moment, and sorting needs room.
            heap -= 4 * stride
            if heap < 0 { throw failure(.heapExceeded, at: position) }
        }
    }

    /// A known field has its own wire type; an element of a packable list may stand alone.
    private static func fits(_ record: RecordScanner.Record, _ field: Field) -> Bool {
        record.wireType == field.wireType
            || (field.isPacked && record.wireType == field.kind.wireType)
    }

    /// Of each oneof (or of a union) only the last member stays, with what directly continues it.
    private mutating func dropSupersededMembers() {
        guard !table.oneofs.isEmpty else { return }
        var keep = [Bool](repeating: true, count: records.count)
        var chosen: [Int: Int] = [:]
        var closed: Set<Int> = []
        for index in records.indices.reversed() {
            let number = records[index].number
            guard let group = table.isUnion ? 0 : table.field(number)?.oneof else { continue }
            if let current = chosen[group] {
                let joins = current == number && table.field(number)?.kind.isRecord == true
                if !joins { closed.insert(group) }
                if closed.contains(group) { keep[index] = false }
            } else {
                chosen[group] = number
            }
        }
        var kept = 0
        for index in records.indices where keep[index] {
            records[kept] = records[index]
            kept += 1
        }
        records.removeLast(records.count - kept)
    }

    private mutating func rewrite(_ range: Range<Int>, _ field: Field?) throws(WireError) {
        guard let field else {
            for index in range { keepUnknown(records[index]) }
            return
        }
        if field.isRepeated {
            for index in range { append(records[index]) }
        } else if field.isPacked {
            try pack(range, field)
        } else if field.kind.isRecord {
            try join(range.map { records[$0] })
        } else {
            append(records[range.upperBound - 1])
        }
    }

    private mutating func keepUnknown(_ record: Record) {
        if isEntry {
            droppedBytes += record.end - record.start
            return
        }
        if record.wireType == 0 {
            RecordScanner.append(UInt64(record.tag), to: &out)
            appendMinimal(record)
        } else {
            append(record)
        }
    }

    /// The value of a varint record, whose last byte alone is below 0x80.
    private mutating func appendMinimal(_ record: Record) {
        var varint: UInt64 = 0
        for byte in body[record.value..<record.end].reversed() {
            varint = varint << 7 | UInt64(byte & 0x7F)
        }
        RecordScanner.append(varint, to: &out)
    }

    /// One record as it is, but for its tag and length.
    private mutating func append(_ record: Record) {
        RecordScanner.append(UInt64(record.tag), to: &out)
        if record.wireType == 2 {
            RecordScanner.append(UInt64(record.end - record.value), to: &out)
        }
        out += body[record.value..<record.end]
    }

    private mutating func join(_ parts: [Record]) throws(WireError) {
        if parts.count > 1 {
            for part in parts { try checkRecords(of: part) }
        }
        RecordScanner.append(UInt64(parts[0].tag), to: &out)
        RecordScanner.append(parts.reduce(0) { $0 + UInt64($1.end - $1.value) }, to: &out)
        for part in parts { out += body[part.value..<part.end] }
    }

    /// A part holds whole records: two broken halves never make a whole message.
    private func checkRecords(of part: Record) throws(WireError) {
        var scanner = RecordScanner(body, part.value..<part.end)
        while true {
            let position = scanner.position
            do throws(WireError.Code) {
                guard try scanner.next() != nil else { return }
            } catch {
                throw failure(error, at: position)
            }
        }
    }

    /// A part of a packed list holds whole elements.
    private func checkElements(
        of part: Record, _ field: Field
    ) throws(WireError) {
        guard part.wireType == 2, part.value < part.end else { return }
        let size = part.end - part.value
        let isWhole =
            switch field.kind.wireType {
            case 1: size % 8 == 0
            case 5: size % 4 == 0
            default: body[part.end - 1] < 0x80
            }
        if !isWhole { throw failure(.partialElement, at: part.start) }
    }

    private mutating func pack(_ range: Range<Int>, _ field: Field) throws(WireError) {
        if range.count > 1 {
            for index in range { try checkElements(of: records[index], field) }
        }
        let size = range.reduce(0) { $0 + records[$1].end - records[$1].value }
        guard size > 0 else { return }
        RecordScanner.append(UInt64(field.number) << 3 | 2, to: &out)
        RecordScanner.append(UInt64(size), to: &out)
        for index in range { out += body[records[index].value..<records[index].end] }
    }
}
