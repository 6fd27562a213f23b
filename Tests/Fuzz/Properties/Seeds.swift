internal import Wire

/// Where the fuzzers begin, and what the ordinary tests replay: inputs by name, the same in every run.
public struct Seed: Sendable {
    public let name: String
    public let input: [UInt8]

    public init(name: String, input: [UInt8]) {
        self.name = name
        self.input = input
    }

    public static func seeds(for target: FuzzTarget) -> [Seed] {
        switch target {
        case .strict: MessageSeeds.canonical
        case .tolerant: MessageSeeds.canonical + MessageSeeds.loose
        case .json: JSONSeeds.all
        case .sealed: SealedSeeds.all
        // These two begin with the schemas of the repository, whole and in pieces.
        case .compiler: SchemaSeeds.pieces + SchemaSeeds.compilations
        case .formatter: SchemaSeeds.pieces
        }
    }
}

/// The input of a type, behind the byte that names it.
private func input(_ type: String, _ bytes: [UInt8]) -> [UInt8] {
    let index = MessageProperties.all.firstIndex { $0.name == type } ?? 0
    return [UInt8(index)] + bytes
}

private func bytes(_ digits: String) -> [UInt8] {
    let digits = digits.filter { !$0.isWhitespace }.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
}

private enum MessageSeeds {
    static let request = "bank.risk.v1.AssessRequest"

    /// wire.md §7.
    static let worked = bytes(
        """
        0a07 74782d37663361  120b 0a03455552 10a5a20f 1802  1a0b 0880f09dc706 1080e59a77  2002
        2a0e 0a03694f53 11efcdab8967452301  320b 0a0367656f 120422024445  320a 0a036d6363 120310c654
        3a18 000000000000e03f 000000000000f0bf 0000000000000a40  4000
        """)

    static var canonical: [Seed] {
        var seeds = [Seed(name: "worked", input: input(request, worked))]
        for type in MessageProperties.all {
            for seed in 0..<3 {
                var records = ArbitraryRecords(generator: SeededGenerator(seed: UInt64(seed)))
                guard let value = try? type.canonical(records.message(type.fields)) else {
                    continue
                }
                seeds.append(
                    Seed(name: "\(type.name)-\(seed)", input: input(type.name, value.bytes)))
            }
        }
        // Unknown records in front, between and behind; a union without a member.
        seeds.append(Seed(name: "unknown", input: input(request, worked + bytes("9201 03 616263"))))
        seeds.append(Seed(name: "empty", input: input("bank.risk.v1.Value", [])))
        return seeds
    }

    static var loose: [Seed] {
        var seeds: [Seed] = []
        for type in MessageProperties.all {
            for seed in 10..<13 {
                var records = ArbitraryRecords(generator: SeededGenerator(seed: UInt64(seed)))
                let message = records.message(type.fields)
                seeds.append(Seed(name: "\(type.name)-\(seed)", input: input(type.name, message)))
            }
        }
        let forms = [
            "long-varint": "20828000", "repeated": "20012002", "zero": "2000",
            "unpacked": "39000000000000e03f39000000000000f0bf", "group": "7b7c",
            "nested-groups": "7b 7b 7b 7c 7c 7c", "length-2^31-1": "0a ffffffff07 61",
            "length-2^63": "0a ffffffffffffffff7f 61",
            "eleven-byte-varint": "20 80808080808080808080 01",
            "ten-byte-varint": "20 ffffffffffffffffff 01", "tag-too-large": "8080808010 00",
            "descending-keys": "3207 0a017a 12020801 3207 0a0161 12020800",
            "entry-without-key": "3204 12020801", "empty-entry": "3200",
            "message-in-parts": "2a050a03694f53 2a0211 2a091100000000000000 01",
            "packed-in-parts": "3a08000000000000e03f 3a00 3a08000000000000f0bf",
            "two-members": "5201 61 5a03 0a0162",
        ]
        for (name, digits) in forms.sorted(by: { $0.key < $1.key }) {
            seeds.append(Seed(name: name, input: input(request, worked + bytes(digits))))
        }
        seeds.append(Seed(name: "deep", input: input("test.everything.v1.Tree", chain(40))))
        seeds.append(Seed(name: "deepest", input: input("test.everything.v1.Tree", chain(6))))
        return seeds
    }

    /// Messages inside each other, each with its records out of order.
    static func chain(_ depth: Int) -> [UInt8] {
        var message: [UInt8] = []
        for _ in 0..<depth where message.count < 120 {
            message = [0x12, UInt8(message.count)] + message + [0x0A, 1, 0x61]
        }
        return message
    }
}

private enum JSONSeeds {
    static var all: [Seed] {
        var seeds: [Seed] = []
        for type in MessageProperties.all {
            for seed in 20..<22 {
                var records = ArbitraryRecords(generator: SeededGenerator(seed: UInt64(seed)))
                guard let value = try? type.canonical(records.message(type.fields)) else {
                    continue
                }
                seeds.append(
                    Seed(name: "\(type.name)-\(seed)", input: input(type.name, value.json)))
            }
        }
        let scalars = "test.everything.v1.Scalars"
        let texts = [
            "exponent": #"{"an_int32":5e2,"aUint64":"18446744073709551615","aDouble":1e-400}"#,
            "names": #"{"aFloat":"NaN","aDouble":"-Infinity","aWord":"ip_address","zigzag":"-1"}"#,
            "escapes": #"{"aString":"\ud83d\ude00\u0000\"\\\/\b\f\n\r\t"}"#,
            "half-surrogate": #"{"aString":"\ud83d"}"#, "base64": #"{"someBytes":"-_+/AA=="}"#,
            "null": #"{"aBool":null, "aUuid":"00112233-4455-6677-8899-AABBCCDDEEFF"}"#,
            "long-number": "{\"an_int64\":" + String(repeating: "9", count: 40) + "e-39}",
            "huge-exponent": #"{"aDouble":1e99999999999999999999,"an_int64":0e9999}"#,
        ]
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
            seeds.append(Seed(name: name, input: input(scalars, Array(text.utf8))))
        }
        let tree =
            String(repeating: #"{"children":["#, count: 12) + "{}"
            + String(repeating: "]}", count: 12)
        seeds.append(
            Seed(name: "deep", input: input("test.everything.v1.Tree", Array(tree.utf8))))
        return seeds
    }
}

private enum SealedSeeds {
    static var all: [Seed] {
        let payloads = MessageSeeds.canonical.filter { $0.name.contains("Sealed") }.map(\.input)
        let name = Array("bank.risk.v1.AssessRequest".utf8)
        let header = Array("ASY1".utf8) + [0, UInt8(name.count)] + name
        let foreign =
            header + [UInt8](repeating: 0, count: 32) + [0, 0, 0, 106] + MessageSeeds.worked
        var seeds = payloads.enumerated().map { index, payload in
            Seed(name: "payload-\(index)", input: [2] + payload.dropFirst())
        }
        seeds.append(Seed(name: "plain", input: [0] + foreign + [UInt8](repeating: 0, count: 32)))
        seeds.append(Seed(name: "digest", input: [1] + foreign + [UInt8](repeating: 0, count: 32)))
        seeds.append(Seed(name: "short", input: [1] + Array("ASY1".utf8) + [0, 255]))
        return seeds
    }
}
