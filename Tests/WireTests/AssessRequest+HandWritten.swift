public import Wire

/// Package `bank.risk.v1`, the conformance schema of the wire format, written by hand in exactly
/// the shape that the schema compiler emits.
public enum BankRiskV1 {}

extension BankRiskV1 {
    public enum Channel: WireEnum {
        case unspecified
        case cardPresent
        case ecommerce
        case fax
        case unrecognized(UnrecognizedNumber)

        public init?(number: Int32) {
            switch number {
            case 0: self = .unspecified
            case 1: self = .cardPresent
            case 2: self = .ecommerce
            case 3: self = .fax
            default: return nil
            }
        }

        public var number: Int32 {
            switch self {
            case .unspecified: 0
            case .cardPresent: 1
            case .ecommerce: 2
            case .fax: 3
            case .unrecognized(let value): value.number
            }
        }

        public static let names = EnumNames(
            "bank.risk.v1.Channel",
            [(0, "unspecified"), (1, "card_present"), (2, "ecommerce"), (3, "fax")])
    }
}

extension BankRiskV1 {
    /// One typed attribute value.
    public enum Value: WireMessage {
        case flag(Bool)
        case integer(Int64)
        case number(Double)
        case text(String)
        case amount(Money)
        case unrecognized(UnknownFields)

        public static func blank() -> Value { .unrecognized(.empty) }

        public var unknown: UnknownFields? {
            get { if case .unrecognized(let fields) = self { fields } else { nil } }
            set { if let newValue { self = .unrecognized(newValue) } }
        }

        public static let fields = FieldTable(
            "bank.risk.v1.Value", depth: 2, isUnion: true,
            [
                Field(1, "flag", .bool, .member(0)),
                Field(2, "integer", .int64, .member(0)),
                Field(3, "number", .double, .member(0)),
                Field(4, "text", .string, .member(0)),
                Field(5, "amount", .money, .member(0)),
            ],
            oneofs: [Oneof("kind")])

        public mutating func read(from reader: inout WireReader) throws(WireError) {
            if reader.take(0x08) {
                self = .flag(try reader.bool(.explicit))
            } else if reader.take(0x10) {
                self = .integer(try reader.int64(.explicit))
            } else if reader.take(0x19) {
                self = .number(try reader.double(.explicit))
            } else if reader.take(0x22) {
                self = .text(try reader.string(.explicit))
            } else if reader.take(0x2A) {
                self = .amount(try reader.money())
            } else {
                self = .unrecognized(try reader.unrecognized(Self.fields))
            }
            try reader.finishUnion(Self.fields)
        }

        public func measure(_ sizes: inout SizeCache) -> Int {
            switch self {
            case .flag(let value): sizes.bool(0x08, value, .explicit)
            case .integer(let value): sizes.int64(0x10, value, .explicit)
            case .number(let value): sizes.double(0x19, value, .explicit)
            case .text(let value): sizes.string(0x22, value, .explicit)
            case .amount(let value): sizes.money(0x2A, value)
            case .unrecognized(let fields): sizes.unknown(fields)
            }
        }

        public func write(to writer: inout WireWriter, _ sizes: inout SizeCache) {
            switch self {
            case .flag(let value): writer.bool(0x08, value, .explicit)
            case .integer(let value): writer.int64(0x10, value, .explicit)
            case .number(let value): writer.double(0x19, value, .explicit)
            case .text(let value): writer.string(0x22, value, .explicit)
            case .amount(let value): writer.money(0x2A, value)
            case .unrecognized(let fields): writer.unknown(fields, since: writer.mark)
            }
        }

        public func validate(_ violations: inout Violations) {
            switch self {
            case .number(let value): violations.finite("number", value, .explicit)
            case .text(let value): violations.length("text", value.utf8.count, max: 1024, .explicit)
            default: break
            }
        }

        public mutating func readJSON(
            _ field: Int, from reader: inout JSONReader
        ) throws(JSONError) {
            switch field {
            case 1: self = .flag(try reader.value(BoolCodec.self))
            case 2: self = .integer(try reader.value(Int64Codec.self))
            case 3: self = .number(try reader.value(DoubleCodec.self))
            case 4: self = .text(try reader.value(StringCodec.self))
            case 5: self = .amount(try reader.value(MoneyCodec.self))
            default: break
            }
        }

        public func writeJSON(to writer: inout JSONWriter) {
            writer.beginObject()
            switch self {
            case .flag(let value): writer.field("flag", value, BoolCodec.self)
            case .integer(let value): writer.field("integer", value, Int64Codec.self)
            case .number(let value): writer.field("number", value, DoubleCodec.self)
            case .text(let value): writer.field("text", value, StringCodec.self)
            case .amount(let value): writer.field("amount", value, MoneyCodec.self)
            case .unrecognized: break
            }
            writer.endObject()
        }

        public static func == (a: Value, b: Value) -> Bool {
            switch (a, b) {
            case (.flag(let a), .flag(let b)): Canonical.equal(a, b)
            case (.integer(let a), .integer(let b)): Canonical.equal(a, b)
            case (.number(let a), .number(let b)): Canonical.equal(a, b)
            case (.text(let a), .text(let b)): Canonical.equal(a, b)
            case (.amount(let a), .amount(let b)): Canonical.equal(a, b)
            case (.unrecognized(let a), .unrecognized(let b)): Canonical.equal(a, b)
            default: false
            }
        }

        public func hash(into hasher: inout Hasher) {
            switch self {
            case .flag(let value):
                hasher.combine(1)
                Canonical.hash(value, into: &hasher)
            case .integer(let value):
                hasher.combine(2)
                Canonical.hash(value, into: &hasher)
            case .number(let value):
                hasher.combine(3)
                Canonical.hash(value, into: &hasher)
            case .text(let value):
                hasher.combine(4)
                Canonical.hash(value, into: &hasher)
            case .amount(let value):
                hasher.combine(5)
                Canonical.hash(value, into: &hasher)
            case .unrecognized(let fields):
                hasher.combine(0)
                Canonical.hash(fields, into: &hasher)
            }
        }
    }
}

extension BankRiskV1 {
    public struct Device: WireMessage {
        public var os: String = ""
        public var fingerprint: UInt64 = 0
        public var rooted: Bool = false
        public var unknown: UnknownFields?

        public init(os: String = "", fingerprint: UInt64 = 0, rooted: Bool = false) {
            self.os = os
            self.fingerprint = fingerprint
            self.rooted = rooted
        }

        public static func blank() -> Device { Device() }

        public static let fields = FieldTable(
            "bank.risk.v1.Device", depth: 1,
            [
                Field(1, "os", .string),
                Field(2, "fingerprint", .uint64Fixed),
                Field(3, "rooted", .bool),
            ])

        public mutating func read(from reader: inout WireReader) throws(WireError) {
            repeat {
                if reader.take(0x0A) { os = try reader.string(.implicit) }
                if reader.take(0x11) { fingerprint = try reader.uint64Fixed(.implicit) }
                if reader.take(0x18) { rooted = try reader.bool(.implicit) }
            } while try reader.resume(Self.fields, &unknown)
        }

        public func measure(_ sizes: inout SizeCache) -> Int {
            var size = 0
            size += sizes.string(0x0A, os)
            size += sizes.uint64Fixed(0x11, fingerprint)
            size += sizes.bool(0x18, rooted)
            size += sizes.unknown(unknown)
            return size
        }

        public func write(to writer: inout WireWriter, _ sizes: inout SizeCache) {
            let start = writer.mark
            writer.string(0x0A, os)
            writer.uint64Fixed(0x11, fingerprint)
            writer.bool(0x18, rooted)
            writer.unknown(unknown, since: start)
        }

        public func validate(_ violations: inout Violations) {
            violations.length("os", os.utf8.count, max: 32)
        }

        public mutating func readJSON(
            _ field: Int, from reader: inout JSONReader
        ) throws(JSONError) {
            switch field {
            case 1: os = try reader.value(StringCodec.self)
            case 2: fingerprint = try reader.value(UInt64FixedCodec.self)
            case 3: rooted = try reader.value(BoolCodec.self)
            default: break
            }
        }

        public func writeJSON(to writer: inout JSONWriter) {
            writer.beginObject()
            writer.field("os", os, StringCodec.self)
            writer.field("fingerprint", fingerprint, UInt64FixedCodec.self)
            writer.field("rooted", rooted, BoolCodec.self)
            writer.endObject()
        }

        public static func == (a: Device, b: Device) -> Bool {
            Canonical.equal(a.os, b.os)
                && Canonical.equal(a.fingerprint, b.fingerprint)
                && Canonical.equal(a.rooted, b.rooted)
                && Canonical.equal(a.unknown, b.unknown)
        }

        public func hash(into hasher: inout Hasher) {
            Canonical.hash(os, into: &hasher)
            Canonical.hash(fingerprint, into: &hasher)
            Canonical.hash(rooted, into: &hasher)
            Canonical.hash(unknown, into: &hasher)
        }
    }
}

extension BankRiskV1 {
    /// `bank.party.v1.Card`; it stands here because this file is one package.
    public struct Card: WireMessage {
        public var token: String = ""
        public var network: String = ""
        public var unknown: UnknownFields?

        public init(token: String = "", network: String = "") {
            self.token = token
            self.network = network
        }

        public static func blank() -> Card { Card() }

        public static let fields = FieldTable(
            "bank.party.v1.Card", depth: 1,
            [
                Field(1, "token", .string, pii: .account),
                Field(2, "network", .string),
            ])

        public mutating func read(from reader: inout WireReader) throws(WireError) {
            repeat {
                if reader.take(0x0A) { token = try reader.string(.implicit) }
                if reader.take(0x12) { network = try reader.string(.implicit) }
            } while try reader.resume(Self.fields, &unknown)
        }

        public func measure(_ sizes: inout SizeCache) -> Int {
            var size = 0
            size += sizes.string(0x0A, token)
            size += sizes.string(0x12, network)
            size += sizes.unknown(unknown)
            return size
        }

        public func write(to writer: inout WireWriter, _ sizes: inout SizeCache) {
            let start = writer.mark
            writer.string(0x0A, token)
            writer.string(0x12, network)
            writer.unknown(unknown, since: start)
        }

        public func validate(_ violations: inout Violations) {
            violations.required("token", missing: token.isEmpty)
            violations.length("token", token.utf8.count, max: 64)
            violations.length("network", network.utf8.count, max: 16)
        }

        public mutating func readJSON(
            _ field: Int, from reader: inout JSONReader
        ) throws(JSONError) {
            switch field {
            case 1: token = try reader.value(StringCodec.self)
            case 2: network = try reader.value(StringCodec.self)
            default: break
            }
        }

        public func writeJSON(to writer: inout JSONWriter) {
            writer.beginObject()
            writer.field("token", token, StringCodec.self, pii: .account)
            writer.field("network", network, StringCodec.self)
            writer.endObject()
        }

        public static func == (a: Card, b: Card) -> Bool {
            Canonical.equal(a.token, b.token)
                && Canonical.equal(a.network, b.network)
                && Canonical.equal(a.unknown, b.unknown)
        }

        public func hash(into hasher: inout Hasher) {
            Canonical.hash(token, into: &hasher)
            Canonical.hash(network, into: &hasher)
            Canonical.hash(unknown, into: &hasher)
        }
    }
}

extension BankRiskV1 {
    /// Everything needed to score one payment.
    public struct AssessRequest: WireMessage {
        public var requestID: String = ""
        public var amount: Money
        public var occurredAt: Timestamp
        public var channel: Channel = .unspecified
        public var device: Device?
        public var attributes: WireMap<String, Value> = [:]
        public var features: [Double] = []
        public var retry: UInt32?
        public var instrument: Instrument?
        public var unknown: UnknownFields?

        public enum Instrument: WireValue {
            case iban(String)
            case card(Card)

            public static func == (a: Instrument, b: Instrument) -> Bool {
                switch (a, b) {
                case (.iban(let a), .iban(let b)): Canonical.equal(a, b)
                case (.card(let a), .card(let b)): Canonical.equal(a, b)
                default: false
                }
            }

            public func hash(into hasher: inout Hasher) {
                switch self {
                case .iban(let value):
                    hasher.combine(10)
                    Canonical.hash(value, into: &hasher)
                case .card(let value):
                    hasher.combine(11)
                    Canonical.hash(value, into: &hasher)
                }
            }
        }

        public init(
            requestID: String = "", amount: Money, occurredAt: Timestamp,
            channel: Channel = .unspecified, device: Device? = nil,
            attributes: WireMap<String, Value> = [:], features: [Double] = [],
            retry: UInt32? = nil, instrument: Instrument? = nil
        ) {
            self.requestID = requestID
            self.amount = amount
            self.occurredAt = occurredAt
            self.channel = channel
            self.device = device
            self.attributes = attributes
            self.features = features
            self.retry = retry
            self.instrument = instrument
        }

        public static func blank() -> AssessRequest {
            AssessRequest(amount: .blank(), occurredAt: .blank())
        }

        public static let fields = FieldTable(
            "bank.risk.v1.AssessRequest", depth: 4,
            [
                Field(1, "request_id", json: "requestId", .string),
                Field(2, "amount", .money, .required),
                Field(3, "occurred_at", json: "occurredAt", .timestamp, .required),
                Field(4, "channel", .enumeration(Channel.names)),
                Field(5, "device", .message { Device.fields }, .optional),
                Field(6, "attributes", .message { Value.fields }, .map(.string)),
                Field(7, "features", .double, .packed),
                Field(8, "retry", .uint32, .optional),
                Field(10, "iban", .string, .member(0), pii: .account),
                Field(11, "card", .message { Card.fields }, .member(0)),
            ],
            oneofs: [Oneof("instrument")])

        private static let pattern1 = Pattern("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")

        public mutating func read(from reader: inout WireReader) throws(WireError) {
            var seen: UInt64 = 0
            repeat {
                if reader.take(0x0A) { requestID = try reader.string(.implicit) }
                if reader.take(0x12) {
                    amount = try reader.money()
                    seen |= 0x1
                }
                if reader.take(0x1A) {
                    occurredAt = try reader.timestamp()
                    seen |= 0x2
                }
                if reader.take(0x20) { channel = try reader.enumeration(.implicit) }
                if reader.take(0x2A) { device = try reader.message() }
                if reader.take(0x32) {
                    attributes = try reader.map(0x32, StringCodec.self, MessageCodec<Value>.self)
                }
                if reader.take(0x3A) { features = try reader.packed(DoubleCodec.self) }
                if reader.take(0x40) { retry = try reader.uint32(.explicit) }
                if reader.take(0x52) { instrument = .iban(try reader.string(.explicit)) }
                if reader.take(0x5A) {
                    try reader.onlyMember(instrument)
                    instrument = .card(try reader.message())
                }
            } while try reader.resume(Self.fields, &unknown)
            try reader.finish(seen, required: 0x3, Self.fields)
        }

        public func measure(_ sizes: inout SizeCache) -> Int {
            var size = 0
            size += sizes.string(0x0A, requestID)
            size += sizes.money(0x12, amount)
            size += sizes.timestamp(0x1A, occurredAt)
            size += sizes.enumeration(0x20, channel)
            size += sizes.message(0x2A, device)
            size += sizes.map(0x32, attributes, StringCodec.self, MessageCodec<Value>.self)
            size += sizes.packed(0x3A, features, DoubleCodec.self)
            size += sizes.uint32(0x40, retry)
            switch instrument {
            case .iban(let value): size += sizes.string(0x52, value, .explicit)
            case .card(let value): size += sizes.message(0x5A, value)
            case nil: break
            }
            size += sizes.unknown(unknown)
            return size
        }

        public func write(to writer: inout WireWriter, _ sizes: inout SizeCache) {
            let start = writer.mark
            writer.string(0x0A, requestID)
            writer.money(0x12, amount)
            writer.timestamp(0x1A, occurredAt)
            writer.enumeration(0x20, channel)
            writer.message(0x2A, device, &sizes)
            writer.map(0x32, attributes, StringCodec.self, MessageCodec<Value>.self, &sizes)
            writer.packed(0x3A, features, DoubleCodec.self, &sizes)
            writer.uint32(0x40, retry)
            switch instrument {
            case .iban(let value): writer.string(0x52, value, .explicit)
            case .card(let value): writer.message(0x5A, value, &sizes)
            case nil: break
            }
            writer.unknown(unknown, since: start)
        }

        public func validate(_ violations: inout Violations) {
            violations.required("request_id", missing: requestID.isEmpty)
            violations.length("request_id", requestID.utf8.count, max: 64)
            violations.nested("device", device)
            violations.count("attributes", attributes.count, max: 64)
            violations.keys("attributes", attributes, max: 64)
            violations.nested("attributes", attributes)
            violations.count("features", features.count, max: 512)
            violations.finite("features", features)
            switch instrument {
            case .iban(let value):
                violations.length("iban", value.utf8.count, max: 34, .explicit)
                violations.pattern("iban", value, Self.pattern1, .explicit)
            case .card(let value):
                violations.nested("card", value)
            case nil: break
            }
        }

        public mutating func readJSON(
            _ field: Int, from reader: inout JSONReader
        ) throws(JSONError) {
            switch field {
            case 1: requestID = try reader.value(StringCodec.self)
            case 2: amount = try reader.value(MoneyCodec.self)
            case 3: occurredAt = try reader.value(TimestampCodec.self)
            case 4: channel = try reader.value(EnumCodec<Channel>.self)
            case 5: device = try reader.value(MessageCodec<Device>.self)
            case 6: attributes = try reader.map(StringCodec.self, MessageCodec<Value>.self)
            case 7: features = try reader.list(DoubleCodec.self)
            case 8: retry = try reader.value(UInt32Codec.self)
            case 10: instrument = .iban(try reader.value(StringCodec.self))
            case 11: instrument = .card(try reader.value(MessageCodec<Card>.self))
            default: break
            }
        }

        public func writeJSON(to writer: inout JSONWriter) {
            writer.beginObject()
            writer.field("requestId", requestID, StringCodec.self)
            writer.field("amount", amount, MoneyCodec.self)
            writer.field("occurredAt", occurredAt, TimestampCodec.self)
            writer.field("channel", channel, EnumCodec<Channel>.self)
            writer.field("device", device, MessageCodec<Device>.self)
            writer.map("attributes", attributes, StringCodec.self, MessageCodec<Value>.self)
            writer.list("features", features, DoubleCodec.self)
            writer.field("retry", retry, UInt32Codec.self)
            switch instrument {
            case .iban(let value): writer.field("iban", value, StringCodec.self, pii: .account)
            case .card(let value): writer.field("card", value, MessageCodec<Card>.self)
            case nil: break
            }
            writer.endObject()
        }

        public static func == (a: AssessRequest, b: AssessRequest) -> Bool {
            Canonical.equal(a.requestID, b.requestID)
                && Canonical.equal(a.amount, b.amount)
                && Canonical.equal(a.occurredAt, b.occurredAt)
                && Canonical.equal(a.channel, b.channel)
                && Canonical.equal(a.device, b.device)
                && Canonical.equal(a.attributes, b.attributes)
                && Canonical.equal(a.features, b.features)
                && Canonical.equal(a.retry, b.retry)
                && Canonical.equal(a.instrument, b.instrument)
                && Canonical.equal(a.unknown, b.unknown)
        }

        public func hash(into hasher: inout Hasher) {
            Canonical.hash(requestID, into: &hasher)
            Canonical.hash(amount, into: &hasher)
            Canonical.hash(occurredAt, into: &hasher)
            Canonical.hash(channel, into: &hasher)
            Canonical.hash(device, into: &hasher)
            Canonical.hash(attributes, into: &hasher)
            Canonical.hash(features, into: &hasher)
            Canonical.hash(retry, into: &hasher)
            Canonical.hash(instrument, into: &hasher)
            Canonical.hash(unknown, into: &hasher)
        }
    }
}
