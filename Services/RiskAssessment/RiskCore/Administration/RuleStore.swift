internal import AssayMessages
internal import Storage
internal import Wire

/// Reads and writes the rows of rule administration.
struct RuleStore: Sendable {
    static let liveKey = Array("live".utf8)
    static let setPrefix = Array("set/".utf8)

    let store: any KeyValueStore

    func live() throws -> LiveRow? {
        try store.get(Self.liveKey, in: RuleFamilies.sets).map { try LiveRow(bytes: $0) }
    }

    /// The files of a set that is live or was.
    func manifest(of digest: [UInt8]) throws -> AssayRiskV1.RuleSet? {
        try store.get(Self.setPrefix + digest, in: RuleFamilies.sets)
            .map { try AssayRiskV1.RuleSet(decoding: $0, door: .strict) }
    }

    func put(_ live: LiveRow, into batch: inout WriteBatch) {
        batch.put(Self.liveKey, live.bytes, in: RuleFamilies.sets)
        batch.put(Self.setPrefix + live.set.ruleSet, live.set.encoded(), in: RuleFamilies.sets)
    }

    // MARK: Files

    /// Makes texts durable before anything names them. What nothing comes to name does no harm.
    func keep(_ texts: [String]) throws {
        guard !texts.isEmpty else { return }
        var batch = WriteBatch()
        for text in texts {
            batch.put(
                RuleArchive.key(ofFile: RuleFolder.key(of: text)), Array(text.utf8),
                in: RuleArchive.family)
        }
        try store.write(batch, sync: true)
    }

    func text(_ hexadecimal: String) throws -> String {
        guard let key = Hexadecimal.bytes(hexadecimal),
            let bytes = try store.get(RuleArchive.key(ofFile: key), in: RuleArchive.family),
            let text = String(validating: bytes, as: UTF8.self),
            RuleFolder.key(of: text) == key
        else { throw StorageError(.corrupt, "the file \(hexadecimal) of a rule set is damaged") }
        return text
    }

    func folder(_ set: AssayRiskV1.RuleSet) throws -> RuleFolder {
        var texts: [String: String] = [:]
        for file in set.files { texts[file.name] = try text(file.text) }
        return RuleFolder(texts: texts)
    }

    /// Files with keys instead of their texts.
    static func keyed(_ files: [AssayRiskV1.RuleFile]) -> [AssayRiskV1.RuleFile] {
        files.map {
            AssayRiskV1.RuleFile(
                name: $0.name,
                text: $0.text.isEmpty ? "" : Hexadecimal.text(RuleFolder.key(of: $0.text)))
        }
    }

    static func keyed(_ folder: RuleFolder) -> [AssayRiskV1.RuleFile] {
        keyed(folder.names.map { AssayRiskV1.RuleFile(name: $0, text: folder.texts[$0] ?? "") })
    }

    // MARK: Proposals

    func proposal(_ number: UInt64) throws -> ProposalRow? {
        try store.get(ByteFields.number(number), in: RuleFamilies.proposals)
            .map { try ProposalRow(number: number, bytes: $0) }
    }

    func put(_ row: ProposalRow, into batch: inout WriteBatch) {
        batch.put(ByteFields.number(row.number), row.bytes, in: RuleFamilies.proposals)
    }

    /// Newest first, those below a number, until `body` returns false.
    func proposals(below number: UInt64?, _ body: (ProposalRow) throws -> Bool) throws {
        let range = KeyRange(to: number.map { ByteFields.number($0) })
        try store.scan(RuleFamilies.proposals, range, reversed: true) { key, value in
            guard let number = ByteFields.number(Array(key)) else {
                throw StorageError(.corrupt, "a proposal has no number")
            }
            return try body(try ProposalRow(number: number, bytes: Array(value)))
        }
    }

    // MARK: Exceptions

    func exceptions() throws -> [ExceptionRow] {
        var rows: [ExceptionRow] = []
        try store.scan(RuleFamilies.exceptions, .all, reversed: false) { key, value in
            guard let number = ByteFields.number(Array(key)) else {
                throw StorageError(.corrupt, "an exception has no number")
            }
            rows.append(try ExceptionRow(number: number, bytes: Array(value)))
            return true
        }
        return rows
    }

    func put(_ row: ExceptionRow, into batch: inout WriteBatch) {
        batch.put(ByteFields.number(row.number), row.bytes, in: RuleFamilies.exceptions)
    }
}

enum Hexadecimal {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        for byte in bytes {
            text += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        return text
    }

    static func bytes(_ text: String) -> [UInt8]? {
        let letters = Array(text.utf8)
        guard letters.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: letters.count, by: 2) {
            guard let high = Character(UnicodeScalar(letters[index])).hexDigitValue,
                let low = Character(UnicodeScalar(letters[index + 1])).hexDigitValue
            else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }
}
