import { Link } from '@tanstack/react-router';
import { Empty } from '../kit/empty.tsx';

export function NotFound() {
  return (
    <Empty title="There is nothing at this address">
      <p>The link may be mistyped, or from another version.</p>
      <p>
        <Link to="/instances" className="text-accent underline">
          All instances
        </Link>
      </p>
    </Empty>
  );
}
