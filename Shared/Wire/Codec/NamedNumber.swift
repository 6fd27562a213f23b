/// A value of an enum that is known only at run time: its number, and the names that give it
/// meaning.
package struct NamedNumber: WireValue {
    package let number: Int32
    package let names: EnumNames

    package init(_ number: Int32, _ names: EnumNames) {
        self.number = number
        self.names = names
    }

    package static func == (a: NamedNumber, b: NamedNumber) -> Bool { a.number == b.number }
    package func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

/// Writes what `EnumCodec` writes.
package enum NamedNumberEncoder: PackableEncoder {
    package static var wireType: UInt32 { 0 }

    package static func size(_ value: NamedNumber, _ sizes: inout SizeCache) -> Int {
        SizeCache.varint(UInt64(UInt32(bitPattern: value.number)))
    }

    package static func write(
        _ value: NamedNumber, _ writer: inout WireWriter, _ sizes: inout SizeCache
    ) {
        writer.varint(UInt64(UInt32(bitPattern: value.number)))
    }

    package static func writeJSON(_ value: NamedNumber, _ writer: inout JSONWriter) {
        writer.enumeration(value.number, value.names)
    }
}
