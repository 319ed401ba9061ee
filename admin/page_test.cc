#include "admin/page.h"

#include "admin/fake_control.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace slotmesh::admin {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Page, ShowsEveryNodeAndTheState) {
  FakeControl control(TestMapData({"0-5460", "5461-10921", "10922-16383"}));
  control.health_[TestNode(3)] = NodeHealth::kFailed;
  const std::string page = RenderPage(*control.View());
  EXPECT_THAT(page, HasSubstr("127.0.0.1:7000 (this node)"));
  EXPECT_THAT(page, HasSubstr("<td>5461-10921</td>"));
  EXPECT_THAT(page, HasSubstr("The cluster is <b class=ok>ok</b>"));
  EXPECT_THAT(page, HasSubstr("127.0.0.1:7002 has failed"));
}

TEST(Page, TextsOfNodesAreEscaped) {
  slots::SlotMapData data = TestMapData({"0-16383"});
  data.nodes[0].ip = "<script>alert(\"&\")</script>";
  FakeControl control(data);
  ClusterView view = *control.View();
  view.ok = false;
  view.reason = "<b>";
  const std::string page = RenderPage(view);
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&quot;&amp;&quot;)"));
  EXPECT_THAT(page, HasSubstr(": &lt;b&gt;."));
}

}  // namespace
}  // namespace slotmesh::admin
