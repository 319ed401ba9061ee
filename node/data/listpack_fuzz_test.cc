// Any bytes: refused, or readable in both directions and changeable without leaving them.
#include "node/data/listpack.h"
#include "slots/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace slotmesh::node;
  // The header's total is put right, so that mutations reach the elements.
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.size() >= kListpackEmptySize && bytes[0] != 0) {
    const uint32_t total = static_cast<uint32_t>(bytes.size());
    bytes.replace(0, sizeof(total), reinterpret_cast<const char*>(&total), sizeof(total));
    bytes.back() = static_cast<char>(ListpackView::kEnd);
  }
  if (!ListpackView::Valid(bytes, true)) return 0;
  CHECK(ListpackView::Valid(bytes, false));

  Listpack pack{std::string_view(bytes)};
  uint32_t forwards = 0;
  size_t text_bytes = 0;
  for (ListpackPos at = pack.First(); at != nullptr; at = pack.Next(at)) {
    text_bytes += ListpackView::Get(at).ToString().size();
    CHECK(pack.Find(ListpackItem(ListpackView::Get(at))) != nullptr);
    if (++forwards > 1000) break;
  }
  uint32_t backwards = 0;
  for (ListpackPos at = pack.Last(); at != nullptr; at = pack.Previous(at)) {
    CHECK_LE(text_bytes, 20 * size);
    if (++backwards > 1000) break;
  }
  CHECK_EQ(forwards, backwards);
  CHECK_LE(forwards, pack.count());
  for (int i = 0; i < 5 && !pack.empty(); ++i) {
    pack.Replace(pack.At(i % 2 == 0 ? 0 : -1), "something else");
    pack.Erase(pack.At(static_cast<int64_t>(pack.count()) / 2));
    pack.CheckInvariants();
  }
  return 0;
}
