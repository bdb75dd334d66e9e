#include "gta5_split.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

namespace segue::data {
namespace {

// Runs of images in the order of their numbers: t train, v val, e test; t10e5 is 1..10 train, 11..15 test. The published
// split of Richter et al. 2016, arXiv:1608.02192: 12403, 6382 and 6181 images.
constexpr char kRuns[] =
    "t10e5t6v3t2v1t2e3t10v5t2v4t2v2e2t4v1t1v5e3v1t136v23e7t1e10t17v4t1v7t1v2t1v1t24v6t1v4t8e10t1e30v6t24v18t50e10t19"
    "e3t22e6t6v8e12v19t3e7t18v3t19e2t26e6t59e7v15e7t48v9e10t9v7e19t4v17t3e2t31e2t4e1t45e16t13e32t56e4t18e5t19e71t2e10"
    "v46t5v38t7v33t22v6e25t10v29t21v11t113e35t75e31v42t229e48t14e30t111e10t34e53v19t93e72t76v45t154e26v101t5v2e22v36"
    "t8e6t94v17t56v5e19v32t50v29t13e28t3e1t66e31t36v33t65v123t14v14e46v1t63e42t13e13v122t71v5e13v6e39t1e7t29v21t8e2"
    "t76e52t7e3t108e31v20t83v6t14v65e23t39e38t15v27t39e2t107e18t71e86t26v13e10v1t17v18e64t24e4t10e1t79v44t23v46t50v63"
    "t35e31t56e1v5t69v44t43v88t41e1t42e38v9t249v40e10v32t6e1t47e30t10e27t51e63t74e76t30e61t80e2t35e10t24e61t10e2t5v19"
    "t87v13e27v30t10e59v12t16v22t9v2t1v2t3v3t5e28t7v8t5e15t39e17t28v3t2v3t21v12t93e33v19t47e9t16v36t9e7t32e4t43e14t8"
    "e26t57e10t12e1t36e8v22e61v101e76v157e45v172t114e203v42e7v1t19v8t45v122t41e55t55e3t50e4v7t6v4t74e18t120v50t72e3t1"
    "e1t10e1t10e1t3e1t10e1t4e24v12e1v5e8v10e23t7e1t5e13t54e1t24e6t10v3t1v5t7e6t14e16t8e20t22v48e17v3e1v29e2v3e2v1e67"
    "v3e30v98t48v69t39v41e72v22e19v43t25v116e2v100e17t62v60t234e66v84t374e8v34t109v5e20t95v85t28v96t47e35t3e1t131e9"
    "t49e6t2e7t18e37t732v97t105v96t20e1t71e9t35e133t22e87t30e20v17e12t48e14t52e1t20e14t19e19t6v7t56v40t57e64t38e74t4"
    "e5t1e231t1v4t80v2e18t104e110v6t52v110t12v2e62t79e24v65t49v64t66v60t14v9e26v1t42e12t4v48t44e67t22v31t8v28t5v57"
    "t113v39e42v73e56t72v7e1v27e50t26e58v70e39v54t24e27v13t45e10t12v22t39v60t1e27t19e17v55e38v30e29t26v1t2v1t1v2t9v88"
    "t42v43t12e10t3e32t52v36t135v2e23v20t12v57t2e22t17e51t20v36t17v51t41e23v48e35v39t69e25t74e1t56e21t13e31v30t44v30"
    "t20v2e14v27t7v6e7t6e17t38e22t48e22t45e1v43t22e85v32t15e29t27e7t17e97t36v50t33v29t63v27e18t30e1v16e2v2t7e4t27e3"
    "t23e2t3e7t19e16t31v10e7t23e4t6v13t15v6t14v7e31v9t76v20t2v28t20e13t2v8e15t5e6t34e10t10e15t1v15t3e4v5e35v29t4v26"
    "t26e2v32e23v7t36e39t65e31t52e1t19e37t140e1v3t25v1e11v26t28v20e37t34e1v4t31v28t1v1t4v2t1v3t1v4t18v6t1v7e3v32e15"
    "t14e2t21v10e12t3e2t27e13t8v33t64v28t32v34e15v41e36v1e19v12t6v10t2v2t1e7t1e3t1e2t20e14t8e1t3e3t1e22v1e7v1e2v14e68"
    "t47e4t36e9t39v10t13e3v25t7e13t42e42t8v1t10v1t5v4t1v9e1t1e10t1e10t1e6t4v77e22t27e3t49v11e19t40e17t17e1t15e7t44v1"
    "t3v1e6v1e2t8v1t86e12t28e5t72e7t10v12e23t15v21t30e11t87v1e32v13t7v22e63v17t87e13t56e1t44e26t15v21t25v22t2v6e34v1"
    "e39t13v49e8v11t51v61e3v39t54v34t15v20t4v1t6e4t1e10t1e10t1e2t9v6t1v1t70e2t1v2t13e61t17e11t5v17t41e23t28e7t11e11"
    "t11e25t17e2t39e29t61e11v18t11v41e5";

// "Nothing but black and white" (15188, 17705), and one colour all over, while the labels are good: found by people who
// train on the set.
constexpr int kBroken[] = {12160, 12166, 12167, 12191, 12192, 12193, 12195, 12202, 12203,
                           12204, 12205, 12206, 12207, 12208, 15188, 17705, 19993};

std::vector<char> make_splits() {
  std::vector<char> split(1, ' ');  // numbers begin at 1
  for (const char* p = kRuns; *p;) {
    const char which = *p++;
    int n = 0;
    for (; *p >= '0' && *p <= '9'; ++p) n = 10 * n + (*p - '0');
    split.insert(split.end(), size_t(n), which);
  }
  return split;
}

}  // namespace

bool in_gta5_split(const std::string& split, int64_t number) {
  static const std::vector<char> splits = make_splits();
  if (number < 1 || number >= int64_t(splits.size())) return false;
  const char which = splits[size_t(number)];
  return split == (which == 't' ? "train" : which == 'v' ? "val" : "test");
}

bool is_broken_gta5(int64_t number) {
  return std::find(std::begin(kBroken), std::end(kBroken), number) != std::end(kBroken);
}

}  // namespace segue::data
