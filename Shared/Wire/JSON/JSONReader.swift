/// Reads the JSON form of messages from a text that is all there.
///
/// A pull parser: generated code asks for keys and values, nothing is built in between. The text is
/// never trusted: every index is checked, and lists and maps are charged before they grow.
public struct JSONReader {
    /// One step of the path to the current value.
    @usableFromInline
    struct Step {
        let name: String
        let pii: PersonalData?
    }

    let bytes: [UInt8]
    var position = 0
    var path: [Step] = []
    private var depth: Int
    /// How deep records may still nest in the encoding of the value: what the first object's type allows.
    private var levels: Int?
    private var heap: Int

    @usableFromInline
    package init(_ bytes: [UInt8], limits: JSONLimits) throws(JSONError) {
        self.bytes = bytes
        depth = limits.depth
        heap = limits.heap
        if bytes.count > limits.bytes {
            throw failure(.limit, "the text has more than \(limits.bytes) bytes")
        }
    }

    /// Throws unless only white space is left.
    @usableFromInline
    package mutating func end() throws(JSONError) {
        skipSpace()
        if position < bytes.count { throw failure(.syntax, "more text behind the value") }
    }

    // MARK: Errors

    @usableFromInline
    func failure(_ code: JSONError.Code, _ message: String, below: String? = nil) -> JSONError {
        var pointer = ""
        for name in path.map(\.name) + (below.map { [$0] } ?? []) {
            pointer += "/"
            for scalar in name.unicodeScalars {
                switch scalar {
                case "~": pointer += "~0"
                case "/": pointer += "~1"
                default: pointer.unicodeScalars.append(scalar)
                }
            }
        }
        return JSONError(code: code, path: pointer, message: message, offset: position)
    }

    /// `expected an integer, found "54x"`, without the text if the field holds personal data.
    @usableFromInline
    func mismatch(_ expected: String, _ found: String) -> JSONError {
        let pii = path.last { $0.pii != nil }?.pii
        let shown = pii.map { "‹\($0.rawValue)›" } ?? String(found.prefix(40))
        return failure(.value, "expected \(expected), found \(shown)")
    }

    /// What stands at the position, in a word.
    @usableFromInline
    func foundHere() -> String {
        switch peek {
        case nil: "the end"
        case UInt8(ascii: "{"): "an object"
        case UInt8(ascii: "["): "an array"
        case UInt8(ascii: "\""): "a string"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): "a boolean"
        case UInt8(ascii: "n"): "null"
        default: "other text"
        }
    }

    // MARK: Tokens

    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    @usableFromInline
    mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    @usableFromInline
    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    @usableFromInline
    mutating func expect(_ scalar: Unicode.Scalar) throws(JSONError) {
        skipSpace()
        guard skip(scalar) else {
            throw failure(.syntax, "expected '\(scalar)', found \(foundHere())")
        }
    }

    mutating func skipWord(_ word: StaticString) -> Bool {
        let size = word.utf8CodeUnitCount
        guard bytes.count - position >= size else { return false }
        let isHere = "\(word)".utf8.elementsEqual(bytes[position..<position + size])
        if isHere { position += size }
        return isHere
    }

    @usableFromInline
    package mutating func charge(_ count: Int) throws(JSONError) {
        heap -= count
        if heap < 0 { throw failure(.limit, "the value needs more memory than allowed") }
    }

    @usableFromInline
    mutating func descend() throws(JSONError) {
        depth -= 1
        if depth < 0 { throw failure(.limit, "nested too deeply") }
    }

    // MARK: Objects of messages

    /// The object of a message, whose fields `body` reads by their numbers.
    @usableFromInline @inline(never)
    mutating func message(
        _ table: FieldTable, _ body: (Int, inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        var object = try object(table)
        while let number = try next(&object) { try body(number, &self) }
        try finish(object)
    }

    /// Enters the object of a message.
    public mutating func object(_ table: FieldTable) throws(JSONError) -> JSONObject {
        try open("{", "an object")
        if levels == nil { levels = table.depth }
        try enterRecord()
        return JSONObject(table)
    }

    /// Enters a value that is a record in the encoding, where its depth is limited.
    @usableFromInline
    mutating func enterRecord() throws(JSONError) {
        guard let levels, levels > 0 else { throw failure(.limit, "nested too deeply") }
        self.levels = levels - 1
    }

    @usableFromInline
    mutating func leaveRecord() { levels = levels.map { $0 + 1 } }

    /// The number of the next field that is not null; nil at the end of the object.
    public mutating func next(_ object: inout JSONObject) throws(JSONError) -> Int? {
        if object.isInside {
            path.removeLast()
            object.isInside = false
        }
        while true {
            skipSpace()
            if skip("}") {
                depth += 1
                leaveRecord()
                return nil
            }
            if !object.isFirst { try expect(",") }
            object.isFirst = false
            skipSpace()
            let key = try quoted()
            let index = try object.enter(key, self)
            try expect(":")
            skipSpace()
            if skipWord("null") { continue }
            let field = object.table.fields[index]
            try object.choose(field, self)
            object.present[index] = true
            path.append(Step(name: key, pii: field.pii))
            object.isInside = true
            return field.number
        }
    }

    /// Throws unless every required field and oneof was there.
    public func finish(_ object: JSONObject) throws(JSONError) {
        for required in object.table.required {
            let isPresent = object.table.fields.indices.contains { index in
                let field = object.table.fields[index]
                let counts =
                    required.oneof.map { field.oneof == $0 } ?? (field.number == required.number)
                return counts && object.present[index]
            }
            guard !isPresent else { continue }
            let field = object.table.field(required.number)
            let name = required.oneof == nil ? field?.jsonName ?? required.name : required.name
            throw failure(.missingRequired, "is required", below: name)
        }
    }

    // MARK: Values

    @inlinable
    public mutating func value<C: WireCodec>(_ codec: C.Type) throws(JSONError) -> C.Value {
        try C.readJSON(&self)
    }

    @inlinable @inline(never)
    public mutating func list<C: WireCodec>(_ codec: C.Type) throws(JSONError) -> [C.Value] {
        try list(C.readJSON)
    }

    @inlinable @inline(__always)
    package mutating func list<T>(
        _ read: (inout JSONReader) throws(JSONError) -> T
    ) throws(JSONError) -> [T] {
        var list: [T] = []
        try elements { reader throws(JSONError) in
            // An array that grows has room for twice its elements, and is held twice for a moment.
            try reader.charge(3 * MemoryLayout<T>.stride)
            list.append(try read(&reader))
        }
        return list
    }

    /// An array, whose elements `read` reads one by one.
    @usableFromInline @inline(never)
    mutating func elements(
        _ read: (inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        try open("[", "an array")
        var count = 0
        if !skip("]") {
            repeat {
                push(String(count))
                try read(&self)
                pop()
                count += 1
            } while skip(",")
            try expect("]")
        }
        close()
    }

    @inlinable @inline(never)
    public mutating func map<K: MapKeyCodec, V: WireCodec>(
        _ key: K.Type, _ value: V.Type
    ) throws(JSONError) -> WireMap<K.Value, V.Value> {
        try map(key, V.readJSON)
    }

    @inlinable @inline(__always)
    package mutating func map<K: MapKeyCodec, T>(
        _ key: K.Type, _ read: (inout JSONReader) throws(JSONError) -> T
    ) throws(JSONError) -> WireMap<K.Value, T> {
        try open("{", "an object")
        var entries: [WireMap<K.Value, T>.Entry] = []
        if !skip("}") {
            repeat {
                try charge(4 * MemoryLayout<WireMap<K.Value, T>.Entry>.stride)
                skipSpace()
                entries.append(try entry(key, read))
                pop()
            } while skip(",")
            try expect("}")
        }
        close()
        let map = WireMap<K.Value, T>(lastWins: entries)
        if map.count != entries.count { throw failure(.duplicate, "a key stands there twice") }
        return map
    }

    @inlinable
    mutating func entry<K: MapKeyCodec, T>(
        _ key: K.Type, _ read: (inout JSONReader) throws(JSONError) -> T
    ) throws(JSONError) -> WireMap<K.Value, T>.Entry {
        let text = try quoted()
        // The round trip refuses "+1" and "01", which denote a key that has another name.
        guard let name = K.Value(text), String(name) == text else {
            throw mismatch("a key of the map's type", "\"\(text)\"")
        }
        try expect(":")
        push(text)
        return .init(key: name, value: try read(&self))
    }

    /// Enters an array or object.
    @usableFromInline
    mutating func open(_ bracket: Unicode.Scalar, _ expected: String) throws(JSONError) {
        skipSpace()
        guard skip(bracket) else { throw mismatch(expected, foundHere()) }
        try descend()
        skipSpace()
    }

    /// Leaves an array or object.
    @usableFromInline
    mutating func close() { depth += 1 }

    /// Names the next value in errors.
    @usableFromInline
    mutating func push(_ name: String) { path.append(Step(name: name, pii: nil)) }

    /// The value is read; what follows it comes next.
    @usableFromInline
    mutating func pop() {
        path.removeLast()
        skipSpace()
    }
}

/// Where reading the object of a message stands.
public struct JSONObject {
    let table: FieldTable
    /// Per field, whether its key was there, and whether it had a value.
    private var keys: [Bool]
    var present: [Bool]
    private var chosen: [Bool]
    var isFirst = true
    var isInside = false

    init(_ table: FieldTable) {
        self.table = table
        keys = [Bool](repeating: false, count: table.fields.count)
        present = keys
        chosen = [Bool](repeating: false, count: table.oneofs.count)
    }

    /// The field of a key, in either spelling.
    mutating func enter(_ key: String, _ reader: JSONReader) throws(JSONError) -> Int {
        let index = table.fields.firstIndex { field in
            UTF8Order.equal(field.jsonName, key) || UTF8Order.equal(field.name, key)
        }
        guard let index else {
            throw reader.failure(.unknownKey, "\(table.name) has no such field", below: key)
        }
        if keys[index] { throw reader.failure(.duplicate, "stands there twice", below: key) }
        keys[index] = true
        return index
    }

    mutating func choose(_ field: Field, _ reader: JSONReader) throws(JSONError) {
        guard let oneof = field.oneof else { return }
        if chosen[oneof] {
            throw reader.failure(
                .duplicate, "another member of \(table.oneofs[oneof].name) is set",
                below: field.jsonName)
        }
        chosen[oneof] = true
    }
}
